#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What scripts/report.py and report_page.py show: the results of a run, as they are in files.

scripts/summary alone judges. What it calls `not ok` has failed, and its last line is the
result. This adds why: a case of KUnit has no reason in its TAP, the log has.
"""
import argparse
import collections
import datetime
import fnmatch
import os
import re

import kunit_results
import prove_row

# Neither a terminal nor XML has a place for these.
CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Row = collections.namedtuple("Row", "step verdict name why")	# step: kunit-um, of kunit-um.tap


def clean(text: str) -> str:
    return " ".join(CONTROL.sub("", text).split())


def lines_of(path: str) -> list:
    """The lines of a file, none if it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read().splitlines()
    except OSError:
        return []


def read_tap(path: str) -> list:
    """The rows of a STEP.tap or a STEP.cases. As in scripts/summary, other lines are failures."""
    step, rows = os.path.basename(path).rpartition(".")[0], []
    for line in lines_of(path):
        head, _, why = clean(line).partition(" # ")
        verdict = next((v for v in ("ok", "skip", "not ok") if head.startswith(v + " ")), None)
        name = head[len(verdict) + 1:] if verdict else head
        rows.append(Row(step, verdict or "not ok", name, why))
    return rows


def is_expected(why: str) -> bool:
    """Whether the suite itself knows that the case does not apply."""
    return why.startswith("expected skip: ")


def plain_reason(why: str) -> str:
    """Why a case was skipped, in the words that all such skips have."""
    return re.sub(r"\d{3,} bytes", "N bytes", why.removeprefix("expected skip: "))


class Skips:
    """scripts/skips.list: patterns of the shell, and why each skip is allowed."""

    def __init__(self, path: str):
        split = (re.split(r"\s+#\s*", line, maxsplit=1) for line in lines_of(path)
                 if line.strip() and not line.startswith("#"))
        self.allowed = [(words[0].strip(), words[-1].strip()) for words in split]

    def reason(self, row: Row) -> str:
        """What the skip itself says, else what the list says."""
        why = plain_reason(row.why)
        if row.step != "check-all" and why:
            return why
        return next((why for pattern, why in self.allowed
                     if fnmatch.fnmatchcase(row.name, pattern)), "no reason")


class Results:
    """All that is known of a run."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.made = datetime.datetime.now(datetime.timezone.utc)
        self.skips_list = Skips(os.path.join(args.top, "scripts/skips.list"))
        said = [clean(line) for line in lines_of(args.summary)]
        self.last = said[-1] if said else "0 passed, 0 failed, 0 skipped"
        # The skips that it does not allow are among these.
        wrong = dict(line.removeprefix("not ok ").split(" # ", 1) for line in said
                     if line.startswith("not ok ") and " # " in line)
        self.rows = []
        for name in sorted(os.listdir(args.results), key=step_order):
            if name.endswith(".tap"):
                self.rows += [row._replace(verdict="not ok", why=wrong[row.name])
                              if row.verdict == "skip" and row.name in wrong else row
                              for row in read_tap(os.path.join(args.results, name))]
        # What each kernel says of each parameter; also of kernels that ran in an earlier run.
        self.cases = {name[:-6]: read_tap(os.path.join(args.results, name))
                      for name in sorted(os.listdir(args.results), key=step_order)
                      if name.endswith(".cases")}
        self.records = [line.split("\t") for line in lines_of(args.records)]

    def path(self, *parts: str) -> str:
        return os.path.join(self.args.results, *parts)

    def shown(self, path: str) -> str:
        """A path as a reader has to type it."""
        inside = os.path.relpath(path, self.args.top)
        return path if inside.startswith("..") else inside

    def has_run(self, step: str) -> bool:
        return any(row.step == step for row in self.rows)

    def counts(self) -> dict:
        """Of each step: passed, failed, skipped."""
        counts = {}
        for row in self.rows:
            of = counts.setdefault(row.step, [0, 0, 0])
            of[("ok", "not ok", "skip").index(row.verdict)] += 1
        return counts

    def skips(self) -> list:
        """Reasons and the rows that have them, the most frequent first."""
        reasons = collections.defaultdict(list)
        for row in self.rows:
            if row.verdict == "skip":
                reasons[self.skips_list.reason(row)].append(row)
        return sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))

    def failures(self) -> list:
        """(name without its step, why, steps, log): one for all kernels on which a case failed."""
        groups = {}
        for row in self.rows:
            if row.verdict != "not ok":
                continue
            name, log = name_in(row), self.log(row)
            why = row.why or self.assertion(row, log)
            # A case fails alike on all kernels. A guest or a part has a reason of its own.
            key = row.name
            if is_guest(row.step):
                key = (name, why) if name.startswith("log.") or "." not in name else name
            of = groups.setdefault(key, (name, why, [], self.shown(log)))
            of[2].append(row.step)
        return list(groups.values())

    def log(self, row: Row) -> str:
        """Where to look for more: a log, or the folder of logs."""
        names = re.findall(r"\S*\blogs/[\w./-]*\w", row.why)
        paths = [os.path.join(self.args.top, name) for name in names]
        paths += [os.path.join(self.args.logs, name) for name in (
            f"{row.step}.log", f"{row.name}.log", f"{row.name.replace('/', '-')}.log",
            row.name.partition("/")[0])]
        return next((path for path in paths if os.path.exists(path)), self.args.logs)

    def assertion(self, row: Row, log: str) -> str:
        """The assertion of a KUnit case that failed first, and the parameters that failed."""
        if not is_guest(row.step):
            return "no reason"
        if not os.path.isfile(log):
            return "its log is not there"
        lines = [kunit_results.STAMP.sub("", line) for line in lines_of(log)]
        why = clean(prove_row.assertion(lines, name_in(row).partition(".")[2])) or "no assertion"
        params = [case.name[len(row.name) + 1:] for case in self.cases.get(row.step, [])
                  if case.verdict == "not ok" and case.name.startswith(row.name + ".")]
        return f"{', '.join(params)}: {why}" if params else why

    def ages(self) -> list:
        """(part of check-all, recorded|stale|never, date, days since or None, counts)."""
        ages = []
        for name, state, date, counts in self.records:
            try:
                days = (self.made.date() - datetime.date.fromisoformat(date)).days
            except ValueError:
                days = None
            ages.append((name, state or "never", date, days, counts))
        return ages


def step_order(name: str) -> tuple:
    """Plain kernels, device variants, everything else; of files and of steps."""
    return (not name.startswith("kunit-"), not name.startswith("variants-"), os.path.splitext(name)[0])


def is_guest(step: str) -> bool:
    return step.startswith(("kunit-", "variants-"))


def name_in(row: Row) -> str:
    """The name without its step: a variant has a step with a `/` in it."""
    parts = row.name.split("/", 2 if row.step.startswith("variants-") else 1)
    return parts[-1]


def age_text(days: object) -> str:
    return "" if days is None else "today" if days <= 0 else f"{days} day{'s' * (days > 1)}"
