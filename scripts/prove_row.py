#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What became of one case in one guest, for scripts/prove.

usage: prove_row.py SUITE.CASE[.PARAMETER] STATUS LOG.xml LOG

Prints `ok`, `not ok`, `skip` or `none` (it never ran), a tab, and why: the assertion that
failed, the first thing that the kernel printed and should not have, the reason of a skip.
A splat makes a case that passed `not ok`. A splat, a hang or a stop tells of the case only
once its suite has begun: before that, it makes the verdict `none`.
"""
import re
import sys

import kunit_results


def assertion(lines, case):
    """The first assertion of CASE that failed, as one line."""
    for at, line in enumerate(lines):
        found = re.search(rf"# {re.escape(case)}: (?:EXPECTATION|ASSERTION) FAILED at (\S+)", line)
        if not found:
            continue
        text = []
        for more in lines[at + 1:at + 8]:
            more = more.strip()
            if more.startswith(("# ", "ok ", "not ok ")):
                break
            text.append(more)
        where = found.group(1).rsplit("/", 1)[-1]
        return f"{where}: {' '.join(' '.join(text).split())}"
    return ""


def main():
    name, status, xml, path = sys.argv[1:]
    suite, case, *param = name.split(".")
    with open(path, encoding="utf-8", errors="backslashreplace") as source:
        text = source.read()
    lines = [kunit_results.STAMP.sub("", line.rstrip())
             for line in text.replace("\r", "").split("\n")]
    began = next((at for at, line in enumerate(lines)
                  if line.strip() == f"# Subtest: {suite}"), len(lines))
    before, console = (kunit_results.Console("\n".join(part))
                       for part in (lines[:began], lines[began:]))
    cases = kunit_results.Cases(xml)
    verdict, why = cases.suites.get(suite, {}).get(case, ("none", ""))
    failed = [p[2] for p in cases.params if p[:2] == (suite, case) and p[3] == "not ok"]
    if param:
        verdict, why = next((p[3:] for p in cases.params
                             if p[:3] == (suite, case, param[0])), ("none", ""))
    if verdict == "not ok":
        why = assertion(lines, case)
        if failed and not param:
            why = f"{why} ({', '.join(failed)})"
    early, splat = (next((s for s in part.splats if not s.startswith("announced, ")), "")
                    for part in (before, console))
    if splat and verdict != "skip":
        if verdict != "not ok" or not why:
            verdict, why = "not ok", splat
        elif re.search(r"BUG|Oops|WARNING", splat):
            why = f"{why}; {splat}"
    elif early and verdict == "ok":
        verdict, why = "none", f"before {suite} began: {early}"
    elif verdict == "none":
        hangs = int(status) == 124 or before.timeout or console.timeout
        if began == len(lines):
            why = "; ".join(filter(None, (f"{suite} did not begin", early,
                                          "the guest hangs" if hangs else "")))
        elif hangs:
            verdict, why = "not ok", "the guest hangs"
        elif not console.ended:
            verdict, why = "not ok", "the guest stops without a word"
    print(f"{verdict}\t{' '.join(why.split())[:200]}")


if __name__ == "__main__":
    main()
