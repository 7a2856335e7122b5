#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Show the results of the tests: one screen, a page and JUnit XML.

usage: report.py [options]

  --top FOLDER      the repository
  --results FOLDER  with STEP.tap, STEP.cases and what the parts of check-all have left;
                    report.html and junit.xml are written there
  --logs FOLDER     where to look for the assertion of a case that failed
  --summary FILE    what scripts/summary has said of all STEP.tap
  --records FILE    part of check-all, recorded|stale|never, date, counts: with tabs between
  --commit NAME     of the repository
  --base VERSION    of the kernel

The last line of the screen is that of scripts/summary.
"""
import argparse
import sys
import xml.etree.ElementTree as ElementTree

import report_page
from report_data import Results, age_text, is_guest, name_in

LINES, WIDTH = 40, 100	# of the screen
FAILURES = 4		# on it, of three lines each


# --- the screen --------------------------------------------------------------

def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width - 3] + "..."


def columns(cells: list, number: int, gap: str = "   ") -> list:
    """CELLS below one another, in NUMBER columns."""
    height = -(-len(cells) // number)
    width = max(map(len, cells), default=0)
    return [gap.join(cell.ljust(width) for cell in cells[n::height]).rstrip()
            for n in range(height)]


def screen(results: Results) -> list:
    failed = ["== failed"]		# last: a reader of CI sees the end
    failures = results.failures()
    for name, why, steps, log in failures[:FAILURES]:
        more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
        failed += [cut(f"  {name}", WIDTH), cut(f"      {why}", WIDTH),
                   cut(f"      {steps[0]}{more}, log {log}", WIDTH)]
    if len(failures) > FAILURES:
        failed.append(f"  {len(failures) - FAILURES} more: "
                      f"grep '^not ok' {results.shown(results.args.summary)}")
    counts = results.counts()
    if not failures:
        failed[-1] += ": nothing" if counts else ": there are no results"
    wide = max(map(len, counts), default=0)
    lines = ["", "== passed, failed, skipped"]
    lines += columns([f"  {step:{wide}} {of[0]:5} {of[1] or '-':>4} {of[2] or '-':>4}"
                      for step, of in counts.items()], 2)

    records = columns([f"  {name:20} {age_text(days) if date else 'never'}{'*' * (state == 'stale')}"
                       for name, state, date, days, _ in results.ages()], 3, " ")
    skips = results.skips()
    room = 2 * min(8, max(3, LINES - len(lines) - len(records) - len(failed) - 4))
    lines.append("== skipped, by reason")
    cells = [f"  {len(rows):4}  {cut(why.replace('does not apply: ', 'n/a: '), WIDTH // 2 - 9)}"
             for why, rows in skips]
    if len(cells) > room:
        rest = skips[room - 1:]
        cells[room - 1:] = [f"  {sum(len(rows) for _, rows in rest):4}  for {len(rest)} other reasons"]
    lines += columns(cells, 2, " ")

    lines.append("== passed last in check-all (*: files that it depends on have changed since)")
    lines += records + failed
    lines.append(f"== the page: {results.shown(results.path('report.html'))}, for CI: "
                 f"{results.shown(results.path('junit.xml'))}")
    return lines + [results.last]


# --- JUnit -------------------------------------------------------------------

def junit(results: Results) -> ElementTree.ElementTree:
    counts = results.counts()

    def sums(of: list) -> dict:
        return {"tests": str(sum(of)), "failures": str(of[1]), "skipped": str(of[2]), "errors": "0"}

    root = ElementTree.Element("testsuites", name="linux-dma",
                               **sums([sum(n) for n in zip(*counts.values())] or [0, 0, 0]))
    suites = {step: ElementTree.SubElement(root, "testsuite", name=step, **sums(of))
              for step, of in counts.items()}
    for row in results.rows:
        suite, _, case = name_in(row).rpartition("/") if not is_guest(row.step) else \
            name_in(row).partition(".")
        element = ElementTree.SubElement(
            suites[row.step], "testcase", name=case or suite,
            classname=f"{row.step}.{suite}" if suite and case else row.step)
        if row.verdict == "not ok":
            log = results.log(row)
            failure = ElementTree.SubElement(element, "failure",
                                             message=row.why or results.assertion(row, log))
            failure.text = f"see {results.shown(log)}"
        elif row.verdict == "skip":
            ElementTree.SubElement(element, "skipped",
                                   message=row.why or results.skips_list.reason(row))
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def main() -> int:
    args = argparse.ArgumentParser(usage=__doc__)
    for name in ("top", "results", "logs", "summary", "records"):
        args.add_argument(f"--{name}", required=True)
    args.add_argument("--commit", default="")
    args.add_argument("--base", default="")
    results = Results(args.parse_args())
    junit(results).write(results.path("junit.xml"), encoding="utf-8", xml_declaration=True)
    with open(results.path("report.html"), "w", encoding="utf-8") as out:
        out.write(report_page.page(results))
    print("\n".join(screen(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
