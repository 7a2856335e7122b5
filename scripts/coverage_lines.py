#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Add up gcov's line counts of several runs.

usage: coverage_lines.py [options] FOLDER "SOURCE..."

  --least N     per cent of the lines that have to be executed (default: 85)
  --lines FILE  write `source:line function` for each line that was not, below a line
                `# source: counts` for each source
  --tap FILE    write one result line per source

FOLDER holds one folder per run, with gcov's output as NAME.json for SOURCE
.../NAME.c. Counted are the functions that map, unmap or sync, and what they use to
find and release bounce slots and I/O addresses.
"""
import argparse
import glob
import json
import os
import re
import sys

PATHS = re.compile(r"map|sync|bounce|slots|iova")
# Set-up and teardown of devices and pools, and what another call is for.
OTHERS = re.compile(r"mmap|vmap|mapping_size|init|exit|debugfs|cookie|reserve|merge_boundary|"
                    r"map_path|can_map|alloc|free_pages|get_sgtable|need_sync|msi|fq_|flush_queue|ranges")


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("--least", type=float, default=85)
    args.add_argument("--lines", required=True)
    args.add_argument("--tap", required=True)
    args.add_argument("folder")
    args.add_argument("sources")
    args = args.parse_args()

    bad, tap, missed, counted = 0, [], [], []
    for source in args.sources.split():
        name = os.path.basename(source)[:-2]
        counts = {}
        runs = sorted(glob.glob(os.path.join(args.folder, "*", name + ".json")))
        used = 0
        for run in runs:
            with open(run, encoding="utf-8") as text:
                try:
                    data = json.load(text)
                except ValueError:
                    continue
            used += 1
            for file in data["files"]:
                if not file["file"].endswith(source):
                    continue
                for line in file["lines"]:
                    function = line.get("function_name", "")
                    if PATHS.search(function) and not OTHERS.search(function):
                        key = (line["line_number"], function)
                        counts[key] = counts.get(key, 0) + line["count"]
        done = sum(count > 0 for count in counts.values())
        percent = 100 * done / len(counts) if counts else 0
        good = percent >= args.least and used == len(runs) > 0
        bad += not good
        why = f"{done} of {len(counts)} lines, {percent:.1f}%, {used} of {len(runs)} runs"
        print(f"  {source}: {why}")
        counted.append(f"# {source}: {why}")
        tap.append(f"{'ok' if good else 'not ok'} coverage/{name} # {why}")
        missed += [f"{source}:{line} {function}" for (line, function), count
                   in sorted(counts.items()) if not count]
    with open(args.lines, "w", encoding="utf-8") as out:
        out.write("".join(line + "\n" for line in counted + missed))
    with open(args.tap, "w", encoding="utf-8") as out:
        out.write("\n".join(tap) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
