#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judge the raw console log of a KUnit guest.

usage: kunit_results.py [options] LOG

  --step NAME      the step's name in the result lines (default: kunit)
  --tap FILE       write one line per case: `ok|not ok|skip STEP/suite.case [# why]`
  --sources DIR    every suite of DIR's *_kunit.c files has to run (repeatable)
  --config FILE    but for those that this .config leaves out, by DIR's Makefile
  --expect SUITE   so has this one (repeatable)
  --dma-debug      dma-debug has to be on to the end, with as many errors as provoked
  --backend NAME   the edu suite has to report this backend
  --status N       how the guest ended; 124 is a time-out
  --console        judge no suite, only log.splat, and log.end by what init says

Besides the cases three things are judged and count as cases: log.end (the guest ran
to its end, and so did the plan and every suite of it), log.splat (nothing that a
kernel prints when something is wrong) and, with --dma-debug, log.dma-debug.

A case that provokes such a print announces it, on a line of its own, with
`expect-splat: TEXT`; one print that holds TEXT is then let pass, and single lines
with TEXT that follow right behind (an IOMMU reports one transfer as many faults).

Exits 0 when all of it is as it should be, 1 when not, 2 for bad usage.
"""
import argparse
import os
import re
import sys

# A time stamp and a caller's id, in front of every line where they are configured.
STAMP = re.compile(r"^(?:\[ *\d+\.\d+\] ?)?(?:\[ *[TC]\d+\] ?)?")
RESULT = re.compile(r"^(ok|not ok) (\d+)(?: -)? (\S+)(?:\s+# (.*))?$")
PLAN = re.compile(r"^1\.\.(\d+)$")
SUBTEST = re.compile(r"^# Subtest: (\S+)$")
SUITE_NAME = re.compile(r"struct\s+kunit_suite\s+\w+\s*=\s*\{[^;]*?\.name\s*=\s*\"([^\"]+)\"", re.S)
DMA_DEBUG = re.compile(r"dma-debug: disabled=(\S+) errors=(\d+) provoked=(\d+)")
BACKEND = re.compile(r"\bbackend=([\w-]+)")
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
    r"arm-smmu-v3.*event 0x", r"virtio_iommu.*fault")))
HARMLESS = re.compile(
    r"DMA-API: (preallocated \d+ debug entries|debugging enabled by kernel config)$")
BLOCK_END = re.compile(r"---\[ end trace ")


def verdict_of(verdict, name, comment):
    skip = re.match(r"SKIP ?(.*)", comment or "")
    if skip and verdict == "ok":
        return name, ("skip", skip.group(1))
    return name, (verdict, "")


class Suite:
    def __init__(self, name):
        self.name, self.planned, self.cases, self.verdict = name, None, {}, None
        self.params = {}    # those of the case that runs: name -> (verdict, reason)


class Log:
    """What a log says; `wrong` holds a sentence for each thing amiss."""

    def __init__(self, text):
        self.suites, self.planned, self.wrong = {}, None, []
        self.splats, self.dma_debug, self.backends, self.ended = [], [], [], False
        self.timeout = False
        self.matrix = []    # (suite, case, parameter, verdict, reason)
        lines = [STAMP.sub("", line.rstrip()) for line in text.replace("\r", "").split("\n")]
        self.read_cases(lines)
        self.read_splats(lines)

    def read_cases(self, lines):
        started, suite = False, None
        for line in lines:
            body = line.strip()
            depth = (len(line) - len(line.lstrip(" "))) // 4
            self.ended = self.ended or bool(END.search(line))
            self.timeout = self.timeout or bool(HUNG.search(line))
            if line.startswith("guest: not ok "):
                self.wrong.append(line)
            if body == "KTAP version 1":
                started = started or depth == 0
                continue
            found = DMA_DEBUG.search(line)
            if found:
                self.dma_debug.append(found.groups())
            if body.startswith("# "):
                self.backends += BACKEND.findall(body)
            if started and depth == 2 and suite and RESULT.match(body):
                suite.params.update([verdict_of(*RESULT.match(body).group(1, 3, 4))])
            if not started or depth > 1:
                continue
            if depth == 1 and SUBTEST.match(body):
                name = SUBTEST.match(body).group(1)
                if name in self.suites:
                    self.wrong.append(f"suite {name} ran twice")
                suite = self.suites[name] = Suite(name)
            elif PLAN.match(body):
                count = int(PLAN.match(body).group(1))
                if depth == 0 and self.planned is None:
                    self.planned = count
                elif depth == 1 and suite and suite.planned is None:
                    suite.planned = count
            elif RESULT.match(body):
                self.read_result(suite, depth, *RESULT.match(body).groups())
                if depth == 0:
                    suite = None

    def read_result(self, suite, depth, verdict, number, name, comment):
        _, (verdict, reason) = verdict_of(verdict, name, comment)
        if depth == 0:
            # A suite whose cases are all filtered, or that failed to start, has no
            # subtest of its own.
            if suite is None or suite.name != name:
                self.wrong.append(f"result of suite {name} outside of it")
            elif int(number) != len(self.suites):
                self.wrong.append(f"suite {name} is number {number}, not {len(self.suites)}")
            if name in self.suites:
                self.suites[name].verdict = verdict
        elif suite is None:
            self.wrong.append(f"case {name} outside of a suite")
        elif name in suite.cases:
            self.wrong.append(f"case {suite.name}.{name} ran twice")
        else:
            suite.cases[name] = (verdict, reason)
            for param, what in suite.params.items():
                self.matrix.append((suite.name, name, param, *what))
            suite.params = {}

    def read_splats(self, lines):
        announced, block, running = [], None, None
        for line in lines:
            found = EXPECT.search(line)
            if found:
                announced.append(found.group(1))
                continue
            if block is not None:
                block.append(line)
                if BLOCK_END.search(line) or len(block) > 200 or RESULT.match(line.strip()):
                    self.judge(block, announced)
                    block = None
            elif running and running in line:
                continue
            elif "[ cut here ]" in line:
                block = [line]
            elif SPLAT.search(line) and not HARMLESS.search(line):
                running = self.judge([line], announced)
                continue
            running = None
        if block is not None:
            self.judge(block, announced)

    def judge(self, block, announced):
        """Note the splat, unless it was announced: then return the text it was by."""
        for text in announced:
            if any(text in line for line in block):
                announced.remove(text)
                return text
        told = [line.strip() for line in block if "[ cut here ]" not in line and line.strip()]
        self.splats.append(told[0] if told else block[0].strip())
        return None

    def finish(self, expected, status, suites):
        """Add what can be said only of the whole log."""
        if not suites:
            self.wrong = [line for line in self.wrong if line.startswith("guest: ")]
        if status == 124 or self.timeout:
            self.wrong.insert(0, "the guest hung: time-out")
        elif status:
            self.wrong.insert(0, f"the runner ended with status {status}")
        if not self.ended:
            self.wrong.append("the log stops before the guest's end")
        if suites:
            self.finish_suites(expected)

    def finish_suites(self, expected):
        if self.planned is None:
            self.wrong.append("no test plan: KUnit did not start")
        elif self.planned != len(self.suites):
            self.wrong.append(f"{len(self.suites)} of {self.planned} planned suites ran")
        for suite in self.suites.values():
            if suite.planned != len(suite.cases):
                self.wrong.append(f"suite {suite.name}: {len(suite.cases)} of "
                                  f"{suite.planned} planned cases ended")
            if suite.verdict is None:
                self.wrong.append(f"suite {suite.name} did not end")
            elif suite.verdict == "not ok" and not any(
                    verdict == "not ok" for verdict, _ in suite.cases.values()):
                self.wrong.append(f"suite {suite.name} failed, none of its cases did")
        for name in expected:
            if name not in self.suites:
                self.wrong.append(f"suite {name} never ran")


def built(folder, config):
    """The objects that FOLDER's Makefile builds with the .config CONFIG."""
    with open(config, encoding="utf-8") as source:
        enabled = set(re.findall(r"^(CONFIG_\w+)=[ym]$", source.read(), re.M))
    with open(os.path.join(folder, "Makefile"), encoding="utf-8") as source:
        text = source.read().replace("\\\n", " ")
    return {name for symbol, names in re.findall(r"^obj-(\S+)\s*\+?=(.*)$", text, re.M)
            if symbol == "y" or symbol.strip("$()") in enabled for name in names.split()}


def suites_in(folder, config):
    """The names of the suites that the *_kunit.c files below FOLDER define."""
    names = []
    for where, _, files in sorted(os.walk(folder)):
        kunit = sorted(name for name in files if name.endswith("_kunit.c"))
        if kunit and config:
            objects = built(where, config)
            kunit = [name for name in kunit if name[:-1] + "o" in objects]
        for name in kunit:
            with open(os.path.join(where, name), encoding="utf-8") as source:
                found = SUITE_NAME.findall(source.read())
            if not found:
                sys.exit(f"error: no kunit_suite with a literal name in {name}")
            names += found
    return names


def dma_debug_verdict(log):
    if not log.dma_debug:
        return "no line `dma-debug: disabled=.. errors=.. provoked=..`"
    disabled, errors, provoked = log.dma_debug[-1]
    if disabled not in ("0", "N"):
        return "dma-debug disabled itself"
    if errors != provoked:
        return f"{errors} errors reported, {provoked} provoked"
    return ""


def print_matrix(matrix):
    """Backends and the promises that each held, skipped (why) and failed."""
    rows = [row for row in matrix if row[0] == "dma_conformance"]
    for name in dict.fromkeys(row[2] for row in rows):
        of = [row for row in rows if row[2] == name and row[1].startswith("promise_")]
        why = {row[4] for row in rows if row[2] == name and row[3] == "skip"}
        held, failed, skipped = (sum(row[3] == verdict for row in of)
                                 for verdict in ("ok", "not ok", "skip"))
        print(f"    {name:16} {held:3} held {failed:3} failed {skipped:3} skipped"
              f"{': ' if why else ''}{'; '.join(sorted(why))}")


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--step", default="kunit")
    args.add_argument("--tap")
    args.add_argument("--sources", action="append", default=[])
    args.add_argument("--expect", action="append", default=[])
    args.add_argument("--config")
    args.add_argument("--dma-debug", action="store_true")
    args.add_argument("--backend")
    args.add_argument("--status", type=int, default=0)
    args.add_argument("--console", action="store_true")
    args.add_argument("log")
    args = args.parse_args()

    expected = list(args.expect)
    for folder in args.sources:
        expected += suites_in(folder, args.config)
    try:
        with open(args.log, encoding="utf-8", errors="backslashreplace") as source:
            log = Log(source.read())
    except OSError as error:
        sys.exit(f"error: {error}")
    log.finish(expected, args.status, not args.console)
    if args.console:
        log.suites, log.matrix = {}, []

    rows = []
    for suite in log.suites.values():
        rows += [(verdict, f"{suite.name}.{case}", why)
                 for case, (verdict, why) in suite.cases.items()]
    # Of a case with parameters, each that is skipped is a skip of its own.
    seen = {row[1] for row in rows if row[0] == "skip"}
    rows += [("skip", f"{suite}.{case}.{param}", why) for suite, case, param, verdict, why
             in log.matrix if verdict == "skip" and f"{suite}.{case}" not in seen]

    def check(name, why):
        rows.append(("not ok" if why else "ok", name, why))

    check("log.end", "; ".join(log.wrong))
    more = f" (and {len(log.splats) - 1} more)" if len(log.splats) > 1 else ""
    check("log.splat", log.splats[0] + more if log.splats else "")
    if args.dma_debug:
        check("log.dma-debug", dma_debug_verdict(log))
    if args.backend:
        found = " ".join(sorted(set(log.backends)))
        check("log.backend", "" if found == args.backend else
              f"expected {args.backend}, found {found or 'none'}")

    lines = [f"{verdict} {args.step}/{name}" + (f" # {why}" if why else "")
             for verdict, name, why in rows]
    if args.tap:
        with open(args.tap, "w", encoding="utf-8") as tap:
            tap.write("\n".join(lines) + "\n")
    for line in lines:
        if line.startswith("not ok "):
            print(f"    {line}")
    count = {verdict: sum(row[0] == verdict for row in rows) for verdict in
             ("ok", "not ok", "skip")}
    print(f"  {args.step}: {count['ok']} passed, {count['not ok']} failed, "
          f"{count['skip']} skipped, {len(log.suites)} suites")
    print_matrix(log.matrix)
    return 1 if count["not ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
