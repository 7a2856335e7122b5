#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Add up gcov's line counts of several runs.

usage: coverage_lines.py [options] FOLDER "SOURCE..."

  --least N     per cent of the lines that have to be executed (default: 85)
  --list FILE   functions that do not count (scripts/coverage.list)
  --lines FILE  write `source:line function` for each line that was not, below a line
                `# source: counts` for each source
  --tap FILE    write one result line per source

FOLDER holds one folder per run, with gcov's output as *.json. Every function of each SOURCE
counts that is not listed; those of a header count where they were inlined. It is a failure if
no run has a SOURCE that is a .c file, and if the list has a function that is not there, or
that was executed to its last line.
"""
import argparse
import glob
import json
import os
import sys


def read_list(path):
    """{source: {function: reason}}."""
    listed = {}
    with open(path, encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            entry, _, reason = line.partition("#")
            words = entry.split()
            if not words:
                continue
            if len(words) != 2 or not reason.strip():
                sys.exit(f"{path}:{number}: not `source function # reason`")
            listed.setdefault(words[0], {})[words[1]] = reason.strip()
    return listed


def read_runs(folder, sources):
    """{source: {(line, function): count}}, and how many files of gcov's could be read."""
    counts, read, bad = {source: {} for source in sources}, 0, 0
    for path in sorted(glob.glob(os.path.join(folder, "*", "*.json"))):
        with open(path, encoding="utf-8") as text:
            try:
                data = json.load(text)
            except ValueError:
                bad += 1
                continue
        read += 1
        for file in data["files"]:
            source = next((s for s in sources if file["file"].endswith("/" + s)
                           or file["file"] == s), None)
            if not source:
                continue
            for line in file["lines"]:
                key = (line["line_number"], line.get("function_name", ""))
                counts[source][key] = counts[source].get(key, 0) + line["count"]
    return counts, read, bad


def judge(source, counts, listed, least):
    """What is wrong, the lines that count, and those of them that were not executed."""
    functions = {}
    for (line, function), count in counts.items():
        functions.setdefault(function, {})[line] = count
    wrong = []
    if not counts and not source.endswith(".h"):
        wrong.append("not compiled")
    for name in listed:
        if name not in functions:
            wrong.append(f"listed, but not there: {name}()")
        elif all(functions[name].values()):
            wrong.append(f"listed, but executed: {name}()")
    lines = {(line, name): count for name, lines in functions.items() if name not in listed
             for line, count in lines.items()}
    missed = sorted(key for key, count in lines.items() if not count)
    if lines and 100 * (len(lines) - len(missed)) < least * len(lines):
        wrong.append(f"less than {least:g}%")
    return wrong, lines, missed


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--least", type=float, default=85)
    args.add_argument("--list", required=True)
    args.add_argument("--lines", required=True)
    args.add_argument("--tap", required=True)
    args.add_argument("folder")
    args.add_argument("sources")
    args = args.parse_args()

    sources = args.sources.split()
    listed = read_list(args.list)
    counts, read, bad = read_runs(args.folder, sources)
    tap, counted, all_missed, failed = [], [], [], False
    for source in sources:
        wrong, lines, missed = judge(source, counts[source], listed.get(source, {}), args.least)
        done = len(lines) - len(missed)
        name = os.path.splitext(os.path.basename(source))[0] + \
            ("_h" if source.endswith(".h") else "")
        share = f"{done} of {len(lines)} lines"
        if lines:
            share += f", {100 * done / len(lines):.1f}%"
            print(f"  {source}: {share}")
            counted.append(f"# {source}: {share}")
        elif not wrong:
            continue
        failed |= bool(wrong)
        tap.append(f"not ok coverage/{name} # {share}: {'; '.join(wrong)}" if wrong
                   else f"ok coverage/{name} # {share}")
        all_missed += [f"{source}:{line} {function}" for line, function in missed]
    unknown = sorted(set(listed) - set(sources))
    if unknown or bad or not read:
        failed = True
        tap.append(f"not ok coverage/runs # {read} files of gcov's could be read, {bad} could not" +
                   "".join(f"; listed, but not there: {name}" for name in unknown))
    with open(args.lines, "w", encoding="utf-8") as out:
        out.write("".join(line + "\n" for line in counted + all_missed))
    with open(args.tap, "w", encoding="utf-8") as out:
        out.write("\n".join(tap) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
