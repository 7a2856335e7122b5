#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge one KUnit guest: what kunit.py read of its cases, and the raw console log.

usage: kunit_results.py [options] LOG

  --junit FILE     the verdicts of the cases, as `kunit.py parse --junit` wrote them
  --step NAME      the step's name in the result lines (default: kunit)
  --tap FILE       write one line per case: `ok|not ok|skip STEP/suite.case [# why]`
  --cases FILE     write the same, and a line per parameter: STEP/suite.case.parameter
  --suites FILE    which suites each kernel runs (scripts/suites.list)
  --kernel NAME    the kernel's name in that file
  --expect SUITE   this suite has to run, too (repeatable)
  --dma-debug      dma-debug has to be on to the end, with as many errors as provoked
  --backend NAME   the edu suite has to report this backend
  --status N       how the guest ended; 124 is a time-out
  --console        judge no suite, only log.splat, and log.end by what init says

kunit.py reads the cases. Three things it does not judge count as cases of their own:
log.end (the guest ran to its end, and every suite that this kernel has ran), log.splat
(the kernel printed nothing that it prints when something is wrong) and, with
--dma-debug, log.dma-debug (dma-debug counted the errors that tests provoked, no more).

A case that provokes such a print announces it, on a line of its own, with
`expect-splat: TEXT`. One print that holds TEXT is then let pass, and single lines with
TEXT that follow right behind (an IOMMU reports one transfer as many faults). An
announcement ends with its case: if nothing was printed by then, that is a failure, and
so is a TEXT that is one plain word.

Exits 0 when all of it is as it should be, 1 when not, 2 for bad usage.
"""
import argparse
import fnmatch
import re
import sys
import xml.etree.ElementTree as ElementTree

# A time stamp and a caller's id, in front of every line where they are configured.
STAMP = re.compile(r"^(?:\[ *\d+\.\d+\] ?)?(?:\[ *[TC]\d+\] ?)?")
RESULT = re.compile(r"^\s*(?:ok|not ok) \d+ \S")
DMA_DEBUG = re.compile(r"dma-debug: disabled=(\S+) errors=(\d+) provoked=(\d+)")
BACKEND = re.compile(r"# .*\bbackend=([\w-]+)")
EXPECT = re.compile(r"expect-splat: (.*\S)")
END = re.compile(r"\breboot: |^guest: end$")
HUNG = re.compile(r"Command '\[.* timed out after ")

SPLAT = re.compile("|".join((
    r"\[ cut here \]", r"\bWARNING: ", r"\bBUG: ", r"\bBUG ", r"kernel BUG at", r"\bINFO: ",
    r"\bOops\b", r"Internal error", r"Unable to handle kernel", r"general protection fault",
    r"\bKASAN\b", r"\bUBSAN\b", r"\bKCSAN\b", r"\bKFENCE: ", r"Kernel panic", r"DMA-API: ",
    r"[Cc]all [Tt]race:", r"^Backtrace:", r"kmemleak: \d+ new suspected",
    r"^unreferenced object", r"possible (recursive|circular|irq lock)", r"suspicious RCU",
    r"inconsistent lock state", r"bad unlock balance", r"Invalid wait context",
    r"DEBUG_LOCKS_WARN_ON", r"locking correctness validator", r"sleeping function called",
    r"scheduling while atomic", r"soft lockup", r"hard LOCKUP", r"rcu.*detected stall",
    r"refcount_t: ", r"list_(add|del) corruption", r"Bad page (state|map)",
    r"stack-protector:", r"swiotlb buffer is full", r"DMAR: \[", r"AMD-Vi: Event logged",
    r"arm-smmu-v3.*event 0x", r"virtio_iommu.* fault from EP")))
HARMLESS = re.compile(
    r"DMA-API: (preallocated \d+ debug entries|debugging enabled by kernel config)$")
BLOCK_END = re.compile(r"---\[ end trace ")


def verdict_of(case):
    """The verdict of a <testcase>, and why it was skipped."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "not ok", ""
    skipped = case.find("skipped")
    return ("ok", "") if skipped is None else ("skip", (skipped.text or "").strip())


class Cases:
    """What kunit.py has read: `suites` maps a suite to {case: (verdict, why)}."""

    def __init__(self, path):
        self.suites, self.params, self.wrong = {}, [], []
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError) as error:
            self.wrong.append(f"no results of kunit.py: {error}")
            return
        if not len(root):
            self.wrong.append("no test plan: KUnit did not start")
        for element in root:
            self.read_suite(element)
        errors = int(root.get("errors", 0))
        if errors and len(root):
            self.wrong.append(f"kunit.py: {errors} cases or suites are missing, or have no end")

    def read_suite(self, element):
        name = element.get("name")
        if not name:
            return
        if name in self.suites:
            self.wrong.append(f"suite {name} ran twice")
        cases = self.suites.setdefault(name, {})
        if element.tag == "testcase":
            # A suite that had no case to run.
            cases["suite"] = verdict_of(element)
            if cases["suite"][0] == "ok":
                self.wrong.append(f"suite {name} ran no case")
            return
        for case in element:
            self.read_case(name, cases, case)
        failed = sum(int(case.get("failures", 0)) if case.tag == "testsuite"
                     else verdict_of(case)[0] == "not ok" for case in element)
        if int(element.get("failures", 0)) > failed:
            self.wrong.append(f"suite {name} failed, none of its cases did")

    def read_case(self, suite, cases, element):
        name = element.get("name")
        if not name:
            return
        if name in cases:
            self.wrong.append(f"case {suite}.{name} ran twice")
        if element.tag == "testcase":
            cases[name] = verdict_of(element)
            return
        # A case with parameters: each that is skipped is a skip of its own, unless all are.
        of = [(param.get("name"), *verdict_of(param)) for param in element]
        verdicts = {verdict for _, verdict, _ in of}
        if "not ok" in verdicts or int(element.get("failures", 0)):
            cases[name] = ("not ok", "")
        elif verdicts == {"skip"}:
            cases[name] = ("skip", of[0][2])
        else:
            cases[name] = ("ok", "")
        self.params += [(suite, name, *param) for param in of]

    def rows(self):
        return self.case_rows() + [(verdict, name, why) for verdict, name, why, case
                                   in self.param_rows() if verdict == "skip" != case]

    def case_rows(self):
        return [(verdict, f"{suite}.{case}", why) for suite, cases in self.suites.items()
                for case, (verdict, why) in cases.items()]

    def param_rows(self):
        """A row per parameter; its last column is the verdict of the case."""
        return [(verdict, f"{suite}.{case}.{param}", why, self.suites[suite][case][0])
                for suite, case, param, verdict, why in self.params]


class Console:
    """What the raw log says; `wrong` holds a sentence for each thing amiss."""

    def __init__(self, text):
        self.wrong, self.splats, self.dma_debug, self.backends = [], [], [], set()
        self.ended = self.timeout = False
        self.announced = []
        block = running = None
        for line in (STAMP.sub("", line.rstrip()) for line in text.replace("\r", "").split("\n")):
            self.read_line(line)
            found = EXPECT.search(line)
            if found:
                self.announce(found.group(1))
                running = None
                continue
            ends = bool(RESULT.match(line))
            if block is not None:
                block.append(line)
                if BLOCK_END.search(line) or len(block) > 200 or ends:
                    self.judge(block)
                    block = None
            elif running and running in line:
                continue
            elif "[ cut here ]" in line:
                block = [line]
            elif SPLAT.search(line) and not HARMLESS.search(line):
                running = self.judge([line])
                continue
            running = None
            if ends:
                self.unused()
        if block is not None:
            self.judge(block)
        self.unused()

    def read_line(self, line):
        self.ended = self.ended or bool(END.search(line))
        self.timeout = self.timeout or bool(HUNG.search(line))
        if line.startswith("guest: not ok "):
            self.wrong.append(line)
        found = DMA_DEBUG.search(line)
        if found:
            self.dma_debug.append(found.groups())
        self.backends.update(BACKEND.findall(line))

    def announce(self, text):
        if re.fullmatch(r"\w+", text):
            self.splats.append(f"expect-splat: {text}: one word says too little")
        else:
            self.announced.append(text)

    def unused(self):
        self.splats += [f"announced, but not printed: {text}" for text in self.announced]
        self.announced = []

    def judge(self, block):
        """Note the splat, unless it was announced: then return the text it was by."""
        for text in self.announced:
            if any(text in line for line in block):
                self.announced.remove(text)
                return text
        told = [line.strip() for line in block if "[ cut here ]" not in line and line.strip()]
        self.splats.append(told[0] if told else block[0].strip())
        return None

    def end(self, status):
        """Why the guest has not come to its end, if it has not."""
        wrong = list(self.wrong)
        if status == 124 or self.timeout:
            wrong.insert(0, "the guest hung: time-out")
        elif status:
            wrong.insert(0, f"the runner ended with status {status}")
        if not self.ended:
            wrong.append("the log stops before the guest's end")
        return wrong


def suites_of(path, kernel):
    """The suites that the file PATH names for KERNEL."""
    with open(path, encoding="utf-8") as source:
        rows = [line.split("#")[0].split() for line in source]
    alone = {word for row in rows if row[:1] == ["alone"] for word in row[1:]}
    names = set()
    for name, *patterns in filter(None, rows):
        runs = [word for word in patterns if word == kernel or
                kernel not in alone and fnmatch.fnmatchcase(kernel, word.lstrip("!"))]
        if name != "alone" and runs and not any(word.startswith("!") for word in runs):
            names.add(name)
    return names


def dma_debug_verdict(console):
    if not console.dma_debug:
        return "no line `dma-debug: disabled=.. errors=.. provoked=..`"
    disabled, errors, provoked = console.dma_debug[-1]
    if disabled not in ("0", "N"):
        return "dma-debug disabled itself"
    if errors != provoked:
        return f"{errors} errors reported, {provoked} provoked"
    return ""


def print_matrix(params):
    """Backends and the promises that each held, skipped (why) and failed."""
    rows = [row for row in params if row[0] == "dma_conformance"]
    # "none" stands for a case that no backend plays.
    for name in dict.fromkeys(row[2] for row in rows if row[2] != "none"):
        of = [row for row in rows if row[2] == name and row[1].startswith("promise_")]
        why = {row[4].removeprefix("expected skip: ") for row in rows
               if row[2] == name and row[3] == "skip"}
        held, failed, skipped = (sum(row[3] == verdict for row in of)
                                 for verdict in ("ok", "not ok", "skip"))
        print(f"    {name:16} {held:3} held {failed:3} failed {skipped:3} skipped"
              f"{': ' if why else ''}{'; '.join(sorted(why))}")


def write(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        out.write("".join(f"{line}\n" for line in lines))


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--junit")
    args.add_argument("--step", default="kunit")
    args.add_argument("--tap")
    args.add_argument("--cases")
    args.add_argument("--suites")
    args.add_argument("--kernel")
    args.add_argument("--expect", action="append", default=[])
    args.add_argument("--dma-debug", action="store_true")
    args.add_argument("--backend")
    args.add_argument("--status", type=int, default=0)
    args.add_argument("--console", action="store_true")
    args.add_argument("log")
    args = args.parse_args()
    if bool(args.junit) == args.console or bool(args.suites) != bool(args.kernel):
        sys.exit("error: give --junit or --console, and --suites with --kernel")

    try:
        with open(args.log, encoding="utf-8", errors="backslashreplace") as source:
            console = Console(source.read())
    except OSError as error:
        sys.exit(f"error: {error}")
    wrong, rows = console.end(args.status), []
    suites, params = {}, []
    if args.junit:
        cases = Cases(args.junit)
        suites, params, rows = cases.suites, cases.params, cases.rows()
        wrong += cases.wrong
        expected = set(args.expect)
        if args.suites:
            expected |= suites_of(args.suites, args.kernel)
            wrong += [f"suite {name} ran, but is not in {args.suites} for {args.kernel}"
                      for name in suites if name not in expected]
        wrong += [f"suite {name} never ran" for name in sorted(expected) if name not in suites]

    def check(name, why):
        rows.append(("not ok" if why else "ok", name, why))

    check("log.end", "; ".join(wrong))
    more = f" (and {len(console.splats) - 1} more)" if len(console.splats) > 1 else ""
    check("log.splat", console.splats[0] + more if console.splats else "")
    if args.dma_debug:
        check("log.dma-debug", dma_debug_verdict(console))
    if args.backend:
        found = " ".join(sorted(console.backends))
        check("log.backend", "" if found == args.backend else
              f"expected {args.backend}, found {found or 'none'}")

    def lines_of(some):
        return [f"{verdict} {args.step}/{name}" + (f" # {why}" if why else "")
                for verdict, name, why, *_ in some]

    lines = lines_of(rows)
    if args.tap:
        write(args.tap, lines)
    if args.cases and args.junit:
        write(args.cases, lines_of(cases.case_rows() + cases.param_rows()))
    for line in lines:
        if line.startswith("not ok "):
            print(f"    {line}")
    count = {verdict: sum(row[0] == verdict for row in rows) for verdict in
             ("ok", "not ok", "skip")}
    print(f"  {args.step}: {count['ok']} passed, {count['not ok']} failed, "
          f"{count['skip']} skipped, {len(suites)} suites")
    print_matrix(params)
    return 1 if count["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
