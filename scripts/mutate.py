#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make mutants of C files of a kernel, all of them in one build (mutant schemata).

usage: mutate.py --tree DIR --kdir DIR --state DIR FILE...

  --tree DIR   the kernel's source: a copy, whose files are rewritten
  --kdir DIR   its O= folder, built from the files as they are
  --state DIR  what is found is written here: mutants.json, and the rewritten files
  --cross P    the prefix of the compiler's name

libclang parses each FILE with the command that make compiled it with. Mutated is text that
stands in a function of the FILE itself, never what a macro expands to. The operators:

  delete-call       a call that is a statement is not made
  negate-condition  of if, while, for, ?: and of what a function returns that says bool
  off-by-one        < becomes <=, > becomes >=, and the reverse
  drop-flag         one FLAG of an OR of flags is missing, or `x |= FLAG` is
  swap-errno        -EINVAL becomes -ENOMEM, any other error -EINVAL
  return-early      a function returns at its start, one without a result before each of its
                    outermost conditions and loops, too
  skip-unwind       delete-call behind an error label, or a goto goes one label further

All mutants of a file are put into its text, each behind dma_mutant_is(NUMBER), so that the
kernel parameter dma_mutant=NUMBER turns one on. dma_mutant=-1 turns none on and prints for
each suite the numbers of those that it has reached. dma_mutant_suites=A,B runs these suites
alone, in that order. What keeps a file from compiling or linking is dropped.
With -DDMA_MUTANT=NUMBER a file is compiled with this mutant alone.
"""
import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

import clang.cindex
from clang.cindex import CursorKind as Kind

# Calls that do nothing that a test could observe while nothing is wrong: messages,
# assertions, hints to the scheduler and to checkers that are not built in, hooks of tests.
IDLE = re.compile(r"(pr|dev|netdev)_(emerg|alert|crit|err|warn|warning|notice|info|debug|dbg|cont)\w*$|"
                  r"_?printk\w*$|dev_printk$|(VM_|dev_)?(WARN|BUG)(_ON)?\w*$|BUILD_BUG\w*$|static_assert$|"
                  r"lockdep_\w+$|might_\w+$|cond_resched$|cpu_relax$|kmsan_\w+$|kmemleak_\w+$|prefetchw?$|"
                  r"KUNIT_STATIC_STUB_REDIRECT$")
KEYWORDS = {"if", "for", "while", "switch", "return", "return_ptr", "sizeof", "do", "else", "typeof"}
FLAG = re.compile(r"_*[A-Z][A-Z0-9_]*$")
COMPARED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# In this order where they begin at the same place, the first outermost.
OPERATORS = ["return-early", "delete-call", "skip-unwind", "negate-condition", "off-by-one",
             "drop-flag", "swap-errno"]

# An architecture may take each warning for an error, and a mutant often is an `if` more.
HEADER = """\
#ifndef dma_mutant_is
#pragma GCC diagnostic ignored "-Wdangling-else"
extern int dma_mutant;
_Bool dma_mutant_at(int n);
#ifdef DMA_MUTANT
#define dma_mutant_is(n) ((n) == DMA_MUTANT)
#else
#define dma_mutant_is(n) (dma_mutant && dma_mutant_at(n))
#endif
#endif
"""

SWITCH = """\
// SPDX-License-Identifier: GPL-2.0
/* Which mutant is on, which were reached, and which suites run: see scripts/mutate.py. */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#define LAST	%d
#define SUITES	128
#define CHUNK	512

int dma_mutant;
EXPORT_SYMBOL(dma_mutant);

static DECLARE_BITMAP(hits, ALIGN(LAST + 1, CHUNK));
static char *names;
core_param(dma_mutant_suites, names, charp, 0);

static struct kunit_suite *suites[SUITES];
static void (*exits[SUITES])(struct kunit_suite *suite);
static unsigned int count;

bool dma_mutant_at(int n)
{
	if (dma_mutant > 0)
		return n == dma_mutant;
	set_bit(n, hits);
	return false;
}
EXPORT_SYMBOL(dma_mutant_at);

static int __init dma_mutant_set(char *arg)
{
	return kstrtoint(arg, 0, &dma_mutant);
}
early_param("dma_mutant", dma_mutant_set);

static void print_hits(const char *name)
{
	for (unsigned int i = 0; i <= LAST; i += CHUNK)
		if (find_next_bit(hits, i + CHUNK, i) < i + CHUNK)
			pr_info("dma_mutant: %%s %%u %%*pb\\n", name, i, CHUNK, hits + BIT_WORD(i));
	bitmap_zero(hits, LAST + 1);
}

static void suite_exit(struct kunit_suite *suite)
{
	for (unsigned int i = 0; i < count; i++)
		if (suites[i] == suite && exits[i])
			exits[i](suite);
	print_hits(suite->name);
}

static void add(struct kunit_suite *suite)
{
	if (count == SUITES)
		return;
	if (dma_mutant < 0) {
		exits[count] = suite->suite_exit;
		suite->suite_exit = suite_exit;
	}
	suites[count++] = suite;
}

/* Called before the suites of SET run: those that run in its place. */
struct kunit_suite_set *dma_mutant_suites(struct kunit_suite_set *set)
{
	static struct kunit_suite_set chosen;
	struct kunit_suite * const *at;
	char *name;

	if (dma_mutant < 0)
		print_hits("boot");
	if (!names) {
		for (at = set->start; at < set->end; at++)
			add(*at);
	} else {
		while ((name = strsep(&names, ",")))
			for (at = set->start; at < set->end; at++)
				if (!strcmp((*at)->name, name))
					add(*at);
	}
	chosen.start = suites;
	chosen.end = suites + count;
	return &chosen;
}
"""

MISSING = """\
// SPDX-License-Identifier: GPL-2.0
/* What this kernel does not have. A mutant that refers to it alone is not run. */
void panic(const char *text, ...);
"""


def fail(text):
    sys.exit(f"error: {text}")


def masked(text):
    """TEXT with spaces in place of comments and preprocessor lines, and strings of underscores."""
    hide = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|"
                      r"(?<![^\n])[ \t]*#(?:\\\n|[^\n])*", re.S)

    def blank(found):
        quote = found.group()[0]
        if quote in "\"'":
            return quote + "_" * (len(found.group()) - 2) + quote
        return re.sub(r"[^\n]", " ", found.group())
    return hide.sub(blank, text)


def one_line(text):
    return " ".join(text.split())


class Mutant:
    """One change: PREFIX before START and SUFFIX behind END of the file's text."""

    def __init__(self, file, function, operator, start, end, what, prefix, suffix=""):
        self.file, self.function, self.operator = file, function, operator
        self.start, self.end, self.what = start, end, what
        self.prefix, self.suffix = prefix, suffix
        self.line = self.number = 0
        self.key = self.dropped = ""

    def record(self):
        return {name: getattr(self, name) for name in
                ("number", "key", "file", "line", "function", "operator", "what", "dropped")}


class Finder:
    """All mutants of one file."""

    def __init__(self, file, path, unit):
        self.file, self.path, self.unit = file, os.path.realpath(path), unit
        with open(path, encoding="latin-1", newline="") as source:
            self.text = source.read()
        self.code = masked(self.text)
        self.found, self.here = {}, {}
        self.function = None
        # The outermost come first.
        self.macros = {}
        here = [cursor for cursor in unit.cursor.get_children()
                if cursor.kind in (Kind.MACRO_INSTANTIATION, Kind.FUNCTION_DECL) and self.is_here(cursor)]
        for cursor in here:
            if cursor.kind == Kind.MACRO_INSTANTIATION:
                self.macros.setdefault(cursor.extent.start.offset, cursor.extent.end.offset)
        for cursor in here:
            if cursor.kind == Kind.FUNCTION_DECL and cursor.is_definition():
                self.in_function(cursor)

    def is_here(self, cursor):
        file = cursor.location.file
        if file is None:
            return False
        if file.name not in self.here:
            self.here[file.name] = os.path.realpath(file.name) == self.path
        return self.here[file.name]

    def mutants(self):
        """In the order of the text, numbers and keys set."""
        of = sorted(self.found.values(), key=lambda m: (m.start, OPERATORS.index(m.operator), m.end))
        seen = {}
        for mutant in of:
            mutant.line = self.text.count("\n", 0, mutant.start) + 1
            name = (mutant.file, mutant.function, mutant.operator, mutant.what)
            seen[name] = seen.get(name, 0) + 1
            mutant.key = hashlib.sha256("\0".join((*name, str(seen[name]))).encode()).hexdigest()[:16]
        return of

    def add(self, operator, start, end, what, prefix, suffix=""):
        # A macro's argument that holds a preprocessor line cannot be written twice.
        if re.search(r"\n[ \t]*#", self.text[start:end]):
            return
        mutant = Mutant(self.file, self.function, operator, start, end, one_line(what), prefix, suffix)
        self.found.setdefault((operator, start, end, mutant.what), mutant)

    def replace(self, operator, start, end, text, what=None):
        """An expression that TEXT stands for while the mutant is on."""
        self.add(operator, start, end, what or f"{self.text[start:end]} => {text}",
                 f"(@ ? ({text}) : (", "))")

    def negate(self, start, end):
        start, end = self.strip(start, end)
        if self.code[start:end] not in ("", "0", "1", "true", "false"):
            self.add("negate-condition", start, end, self.text[start:end], "(!!(", ") != @)")

    def skip(self, operator, start, end):
        """A statement that is not executed while the mutant is on."""
        self.add(operator, start, end, self.text[start:end], "if (@) {} else ")

    # --- places in the text ---

    def span(self, cursor):
        """Of what ends in a macro of macros, libclang may name the macro's begin as the end."""
        end = cursor.extent.end.offset
        return cursor.extent.start.offset, self.macros.get(end, end)

    def strip(self, start, end):
        while start < end and self.code[start].isspace():
            start += 1
        while end > start and self.code[end - 1].isspace():
            end -= 1
        return start, end

    def closing(self, at):
        """Where the bracket ends that is open at AT."""
        depth = 0
        for i in range(at, len(self.code)):
            depth += (self.code[i] in "([{") - (self.code[i] in ")]}")
            if not depth:
                return i
        return -1

    def bracket(self, at, word):
        """The inside of the (...) behind WORD, which has to stand at AT."""
        found = re.compile(word + r"\s*\(").match(self.code, at)
        close = self.closing(found.end() - 1) if found else -1
        return (found.end(), close) if close > 0 else None

    def may_begin(self, at):
        """Whether a statement may begin there."""
        before = self.code[:at].rstrip()
        if not before.endswith(")"):
            return before[-1] in ";{}:" or bool(re.search(r"\b(else|do)$", before[-8:]))
        # What stands in front of the bracket tells a loop from a cast.
        depth = 0
        for i in range(len(before) - 1, -1, -1):
            depth += (before[i] == ")") - (before[i] == "(")
            if not depth:
                break
        word = re.search(r"(\w+)\s*$", before[max(0, i - 80):i])
        return bool(word) and word.group(1) not in ("return", "sizeof", "typeof", "case")

    def between(self, left, right):
        return self.code[self.span(left)[1]:self.span(right)[0]].strip()

    def split(self, start, end, mark):
        """The parts of a range between MARKs that no bracket encloses."""
        parts, depth, begin = [], 0, start
        for found in re.compile(r"[()\[\]{}]|" + mark).finditer(self.code, start, end):
            if found.group() in "([{":
                depth += 1
            elif found.group() in ")]}":
                depth -= 1
            elif not depth:
                parts.append((begin, found.start()))
                begin = found.end()
        return parts + [(begin, end)]

    # --- functions, statements and expressions ---

    def in_function(self, cursor):
        body = [child for child in cursor.get_children() if child.kind == Kind.COMPOUND_STMT]
        if not body:
            return
        start, end = self.span(body[-1])
        if self.code[start] != "{" or self.code[end - 1] != "}":
            return
        self.function = cursor.spelling
        self.returns = self.result(cursor.result_type.get_canonical())
        self.labels, self.gotos = {}, []
        self.collect(body[-1])
        targets = [self.labels[name] for at, name in self.gotos if self.labels.get(name, 0) > at]
        self.unwind = min(targets, default=end)
        for result in self.returns:
            self.add("return-early", start + 1, start + 1, f"{result} first", f"if (@) {result}")
        for child in list(body[-1].get_children())[1:]:
            if self.returns == ["return;"] and child.kind in (
                    Kind.IF_STMT, Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT, Kind.SWITCH_STMT):
                at = self.span(child)[0]
                line = self.text[at:].split("\n", 1)[0]
                if re.compile(r"(if|for|while|do|switch|\w*for_each\w*)\b").match(self.code, at):
                    self.add("return-early", at, at, f"return; before {line}", "if (@) return; ")
        self.walk(body[-1])
        for found in re.compile(r"-\s*(E[A-Z][A-Z0-9]+)\b").finditer(self.code, start, end):
            before = self.code[start:found.start()].rstrip()
            if re.search(r"\b(return|case)$", before[-7:]) or not re.search(r"[\w)\]]$", before[-1:]):
                other = "-EINVAL" if found.group(1) != "EINVAL" else "-ENOMEM"
                self.replace("swap-errno", found.start(), found.end(), other)

    @staticmethod
    def result(type_):
        kind = clang.cindex.TypeKind
        if type_.kind == kind.VOID:
            return ["return;"]
        if type_.kind == kind.BOOL:
            return ["return false;", "return true;"]
        if type_.kind == kind.POINTER:
            return ["return (void *)0;"]
        if type_.kind == kind.RECORD:
            return [f"return ({type_.spelling}){{}};"]
        return ["return 0;"]

    def collect(self, cursor):
        at = self.span(cursor)[0]
        if cursor.kind == Kind.LABEL_STMT and self.code.startswith(cursor.spelling, at):
            self.labels[cursor.spelling] = at
        found = re.compile(r"goto\s+(\w+)\s*;").match(self.code, at)
        if cursor.kind == Kind.GOTO_STMT and found:
            self.gotos.append((at, found.group(1)))
        for child in cursor.get_children():
            self.collect(child)

    def walk(self, cursor, parent_or=False):
        children = list(cursor.get_children())
        start, end = self.span(cursor)
        is_or = False
        if cursor.kind == Kind.IF_STMT:
            inside = self.bracket(start, "if")
        elif cursor.kind == Kind.WHILE_STMT:
            inside = self.bracket(start, "while")
        elif cursor.kind == Kind.DO_STMT and self.code.startswith("do", start):
            inside = self.bracket(self.strip(self.span(children[0])[1], end)[0], "while")
        elif cursor.kind == Kind.FOR_STMT:
            inside = self.bracket(start, "for")
            parts = inside and self.split(*inside, ";")
            inside = parts[1] if parts and len(parts) == 3 else None
        elif cursor.kind == Kind.CONDITIONAL_OPERATOR and len(children) == 3 and \
                self.between(children[0], children[1]) == "?":
            inside = self.span(children[0])
        elif cursor.kind == Kind.RETURN_STMT and len(self.returns) == 2 and children and \
                self.code.startswith("return", start):
            inside = self.span(children[0])
        else:
            inside = None
        if inside:
            self.negate(*inside)
        if cursor.kind == Kind.BINARY_OPERATOR and len(children) == 2:
            is_or = self.binary(children, start, end, parent_or)
        for index, child in enumerate(children):
            if self.is_statement(cursor.kind, index, len(children)):
                self.statement(child)
            self.walk(child, is_or)

    def binary(self, children, start, end, parent_or):
        operator = self.between(*children)
        if operator in COMPARED:
            left, right = map(self.span, children)
            self.replace("off-by-one", start, end, f"{self.text[slice(*left)]} {COMPARED[operator]} "
                         f"{self.text[slice(*right)]}")
        if operator == "|" and not parent_or:
            parts = [self.strip(*part) for part in self.split(start, end, r"(?<!\|)\|(?![|=])")]
            for part in parts:
                if FLAG.match(self.code[slice(*part)]) and len(parts) > 1:
                    rest = " | ".join(self.text[slice(*other)] for other in parts if other != part)
                    self.replace("drop-flag", start, end, rest)
        return operator == "|"

    @staticmethod
    def is_statement(kind, index, count):
        if kind == Kind.COMPOUND_STMT:
            return True
        if kind == Kind.IF_STMT:
            return index > 0
        if kind == Kind.DO_STMT:
            return index == 0
        return index == count - 1 and kind in (
            Kind.FOR_STMT, Kind.WHILE_STMT, Kind.SWITCH_STMT, Kind.LABEL_STMT, Kind.CASE_STMT,
            Kind.DEFAULT_STMT)

    def statement(self, cursor):
        start, _ = self.span(cursor)
        if cursor.kind in (Kind.DECL_STMT, Kind.LABEL_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT):
            return
        # A macro that is an expression may hold statements, at the place of the macro.
        if not self.may_begin(start):
            return
        if cursor.kind == Kind.GOTO_STMT:
            self.further(start)
            return
        found = re.compile(r"(\w+)(?:(?:->|\.)\w+)*\s*(\()").match(self.code, start)
        if found and found.group(1) not in KEYWORDS:
            close = self.closing(found.start(2))
            rest = re.compile(r"\s*;").match(self.code, close + 1)
            if close > 0 and rest and not IDLE.match(found.group(1)):
                self.skip("skip-unwind" if start > self.unwind else "delete-call", start, close + 1)
            return
        found = re.compile(r"[^;{}]*?\|=\s*(\w+)\s*;").match(self.code, start)
        if found and cursor.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR and FLAG.match(found.group(1)):
            self.skip("drop-flag", start, found.end() - 1)

    def further(self, start):
        found = re.compile(r"goto\s+(\w+)\s*;").match(self.code, start)
        at = self.labels.get(found.group(1), -1) if found else -1
        after = sorted((where, name) for name, where in self.labels.items() if where > at)
        if at > start and after:
            end = found.end() - 1
            self.add("skip-unwind", start, end, f"{self.text[start:end]} => goto {after[0][1]}",
                     f"if (@) goto {after[0][1]}; else ")


class Source:
    """A file with its mutants: text with those that are not dropped, and whose line is whose."""

    def __init__(self, finder):
        self.file, self.text, self.mutants = finder.file, finder.text, finder.mutants()
        self.owner = {}

    def render(self, only=None):
        marks = []
        for m in self.mutants:
            if m.dropped or only is not None and m not in only:
                continue
            order = OPERATORS.index(m.operator)
            far = len(self.text) if m.operator == "return-early" else m.end
            # At one place what closes comes first, the inner before the outer; then what
            # opens, the outer before the inner.
            marks.append((m.start, 1, -far, order, m.prefix, m))
            if m.suffix:
                marks.append((m.end, 0, -m.start, -order, m.suffix, m))
        marks.sort(key=lambda mark: mark[:4])
        out, at, line, self.owner = [HEADER], 0, HEADER.count("\n") + 1, {}
        for where, _, _, _, text, m in marks:
            piece = self.text[at:where]
            added = "\n" + text.replace("@", f"dma_mutant_is({m.number})") + "\n"
            line += piece.count("\n")
            for i in range(line + 1, line + added.count("\n")):
                self.owner[i] = m
            line += added.count("\n")
            out += [piece, added]
            at = where
        return "".join(out) + self.text[at:]


class Unit:
    """An object file: how it is compiled, from the file in the state's folder."""

    def __init__(self, kdir, state, object_, nm):
        self.kdir, self.object, self.nm = kdir, object_, nm
        folder, name = os.path.split(object_)
        with open(os.path.join(kdir, folder, f".{name}.cmd"), encoding="utf-8") as file:
            text = file.read()
        words = shlex.split(text.split("\n", 1)[0].split(":=", 1)[1])
        if ";" in words:
            words = words[:words.index(";")]
        while words[0].endswith("ccache"):
            words = words[1:]
        self.words, self.source, self.headers = words, words[-1], text
        source = os.path.join(state, "src", object_[:-1] + "c")
        self.compiler = [word for word in words[:-1] if not word.startswith("-Wp,-MMD")]
        self.compiler[self.compiler.index("-o") + 1] = "@"
        # `#include "x.h"` looks in the folder of the file, then in that of the original.
        self.compiler += ["-w", "-iquote", os.path.dirname(self.source), source]

    def for_clang(self):
        """The words that libclang understands."""
        out, words = [f"-working-directory={self.kdir}", "-Wno-everything", "-ferror-limit=0"], iter(self.words)
        found = re.match(r"(?:.*/)?(\w+(?:-\w+)+)-gcc$", self.words[0])
        if found:
            out.append(f"--target={found.group(1)}")
        for word in words:
            if word in ("-include", "-isystem", "-I", "-D", "-U"):
                out += [word, next(words)]
            elif re.match(r"-([IDU]|std=|isystem|nostdinc|m(32|64)$|mbig|mlittle|fms-ext|fshort-w|funsigned)", word):
                out.append(word)
        return out

    def compile(self, out, *options):
        words = [out if word == "@" else word for word in self.compiler]
        return subprocess.run([*words, *options], cwd=self.kdir, capture_output=True, text=True,
                              errors="replace", check=False, env={**os.environ, "LC_ALL": "C"})

    def undefined(self, object_):
        run = subprocess.run([self.nm, "-u", object_], capture_output=True, text=True, check=True)
        return {line.split()[-1] for line in run.stdout.splitlines() if line.strip()}


class Schemata:
    """The files of one kernel, made to compile and to link."""

    def __init__(self, args):
        self.args = args
        self.sources, self.units, self.of = {}, {}, {}
        nm = args.cross + "nm"
        # An object that another configuration has left is not linked.
        run = subprocess.run([args.cross + "ar", "t", "vmlinux.a"], cwd=args.kdir, capture_output=True,
                             text=True, check=True)
        linked = {os.path.relpath(os.path.join(args.kdir, name), args.kdir) for name in run.stdout.split("\n")}
        for file in args.files:
            if file.endswith(".c") and file[:-1] + "o" in linked:
                unit = Unit(args.kdir, args.state, file[:-1] + "o", nm)
                self.units[file] = unit
                self.of[file] = [unit]
        for file in args.files:
            if file.endswith(".h"):
                name = re.compile(r"[ /]" + re.escape(file) + r"\b")
                self.of[file] = [unit for unit in self.units.values() if name.search(unit.headers)]
        index = clang.cindex.Index.create()
        for file, units in self.of.items():
            if units:
                self.sources[file] = self.parse(index, file, units[0])
        number = 0
        for source in self.sources.values():
            for mutant in source.mutants:
                number += 1
                mutant.number = number
        self.last = number
        # What the kernel does not have, though a mutant refers to it, or several together.
        self.missing = set()
        with open(os.path.join(args.kdir, "System.map"), encoding="utf-8") as symbols:
            self.symbols = {line.split()[-1] for line in symbols}

    def parse(self, index, file, unit):
        try:
            parsed = index.parse(unit.source, args=unit.for_clang(), options=1)
        except clang.cindex.TranslationUnitLoadError:
            fail(f"libclang cannot parse {file}")
        path = os.path.join(self.args.tree, file)
        wrong = [str(said) for said in parsed.diagnostics if said.severity >= 3 and
                 said.location.file and os.path.realpath(said.location.file.name) == os.path.realpath(path)]
        if wrong:
            print(f"  {file}: libclang: {wrong[0]} (and {len(wrong) - 1} more)")
        return Source(Finder(file, path, parsed))

    def write(self, source, only=None):
        path = os.path.join(self.args.state, "src", source.file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="latin-1", newline="") as out:
            out.write(source.render(only))

    def try_out(self, source):
        """The errors of all that is made of the file, or None."""
        out = os.path.join(self.args.state, "try.o")
        for unit in self.of[source.file]:
            run = unit.compile(out)
            if run.returncode:
                return run.stderr or "?"
            self.missing |= unit.undefined(out) - self.symbols - {"dma_mutant", "dma_mutant_at"} - \
                unit.undefined(os.path.join(unit.kdir, unit.object))
        return None

    def settle(self, source):
        while True:
            self.write(source)
            errors = self.try_out(source)
            if errors is None:
                return
            dropped = 0
            for found in re.finditer(r"^([^ :]+):(\d+):\d+: (?:fatal )?error: (.*)", errors, re.M):
                mutant = source.owner.get(int(found.group(2)))
                if found.group(1).endswith("/src/" + source.file) and mutant and not mutant.dropped:
                    mutant.dropped = f"does not compile: {found.group(3)[:80]}"
                    dropped += 1
            if not dropped and not self.bisect(source):
                fail(f"{source.file} does not compile with its mutants: {errors[:200]}")

    def bisect(self, source):
        """No line says which one it is: put them in by halves. Returns whether one is found."""
        good, todo, found = [], [[m for m in source.mutants if not m.dropped]], False
        while todo:
            part = todo.pop()
            self.write(source, set(good + part))
            if self.try_out(source) is None:
                good += part
            elif len(part) == 1:
                part[0].dropped = "does not compile"
                found = True
            else:
                todo += [part[len(part) // 2:], part[:len(part) // 2]]
        return found

    def put(self, file, text):
        """Into the tree, never through a link."""
        path = os.path.join(self.args.tree, file)
        with open(path + ".new~", "w", encoding="latin-1", newline="") as out:
            out.write(text)
        os.rename(path + ".new~", path)

    def change(self, file, old, new):
        with open(os.path.join(self.args.tree, file), encoding="latin-1", newline="") as source:
            text = source.read()
        if text.count(old) != 1:
            fail(f"{file} has no line like `{old.strip()}`")
        self.put(file, text.replace(old, new))

    def install(self):
        for source in self.sources.values():
            self.write(source)
            with open(os.path.join(self.args.state, "src", source.file), encoding="latin-1", newline="") as text:
                self.put(source.file, text.read())
        self.put("kernel/dma/dma_mutant.c", SWITCH % self.last)
        self.put("kernel/dma/dma_mutant_missing.c", MISSING + "".join(
            f"void {name}(void);\nvoid {name}(void) {{ panic(\"dma_mutant: no {name}()\"); }}\n"
            for name in sorted(self.missing)))
        self.change("kernel/dma/Makefile", "# SPDX-License-Identifier: GPL-2.0\n",
                    "# SPDX-License-Identifier: GPL-2.0\nobj-y += dma_mutant.o dma_mutant_missing.o\n")
        self.change("lib/kunit/executor.c", "\tsize_t num_suites = suite_set->end - suite_set->start;\n"
                    "\tbool autorun", "\tstruct kunit_suite_set *dma_mutant_suites(struct kunit_suite_set *);\n"
                    "\tsuite_set = dma_mutant_suites(suite_set);\n"
                    "\tsize_t num_suites = suite_set->end - suite_set->start;\n\tbool autorun")

    def save(self):
        mutants = [m.record() for source in self.sources.values() for m in source.mutants]
        units = {file: [{"object": unit.object, "kdir": unit.kdir, "compiler": unit.compiler}
                        for unit in self.of[file]] for file in self.sources}
        path = os.path.join(self.args.state, "mutants.json")
        with open(path + ".new", "w", encoding="utf-8") as out:
            json.dump({"mutants": mutants, "units": units, "nm": self.args.cross + "nm",
                       "missing": sorted(self.missing)}, out, indent=1)
        os.rename(path + ".new", path)


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--tree", required=True)
    args.add_argument("--kdir", required=True)
    args.add_argument("--state", required=True)
    args.add_argument("--cross", default="")
    args.add_argument("files", nargs="+")
    args = args.parse_args()
    os.makedirs(args.state, exist_ok=True)
    schemata = Schemata(args)
    for source in schemata.sources.values():
        schemata.write(source, set())
    # Headers first: they are part of the others.
    for source in sorted(schemata.sources.values(), key=lambda source: source.file.endswith(".c")):
        schemata.settle(source)
        dropped = sum(bool(m.dropped) for m in source.mutants)
        print(f"  {source.file}: {len(source.mutants) - dropped} mutants, {dropped} do not compile",
              flush=True)
    schemata.install()
    schemata.save()


if __name__ == "__main__":
    main()
