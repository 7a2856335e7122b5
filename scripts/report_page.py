#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The page of scripts/report.py: one HTML file that needs no other, and no script.

Each section says which file it is made of, and says so if that file is not there.
"""
import collections
import datetime
import glob
import html
import math
import os
import re

import report_data as data

PROMISE = re.compile(r"promise_(\d+\w*?)_(\w+)")
# A promise that holds or not, but that the suite cannot put to the test.
UNSEEN = re.compile(r"can be made to fail|bytes at once|cannot be (seen|shown)|does not know")
# Of several kernels of an architecture the first of these counts.
STATES = {"failed": ("f", "✗"), "held": ("h", "✓"), "cannot be seen here": ("u", "?"),
          "does not apply": ("n0", "·"), "no verdict": ("x", "–")}


def esc(text: object) -> str:
    return html.escape(str(text), quote=True)


def code(text: str) -> str:
    return f"<code>{esc(text)}</code>"


def dim(text: str) -> str:
    return f'<p class="dim">{text}</p>\n'


def table(heads: list, rows: list, stacked: bool = False) -> str:
    """HEADS are names, with a `#` before that of a column of numbers; cells are HTML. The cells
    of a row that is STACKED stand below one another on a narrow screen."""
    kinds = [' class="n"' if head.startswith("#") else "" for head in heads]
    kind = ' class="stacked"' if stacked else ""
    out = [f'<div class="scroll" tabindex="0"><table{kind}><thead><tr>']
    out += [f'<th scope="col"{kind}>{esc(head.lstrip("#"))}</th>' for kind, head in zip(kinds, heads)]
    out.append("</tr></thead><tbody>\n")
    for row in rows:
        out.append("<tr>" + "".join(
            cell if cell.startswith("<td") else f"<td{kind}>{cell}</td>"
            for kind, cell in zip(kinds, row)) + "</tr>\n")
    return "".join(out) + "</tbody></table></div>\n"


def text_cell(text: str) -> str:
    return f'<td class="text">{esc(text)}</td>'


def case_cell(text: str) -> str:
    """A name of many words, which may be broken behind each."""
    return '<td class="text mono">' + re.sub(r"([_./])", r"\1<wbr>", esc(text)) + "</td>"


def name_cell(text: str) -> str:
    return f'<td class="name">{esc(text)}</td>'


def details(title: str, body: str, is_open: bool = False) -> str:
    return f"<details{' open' if is_open else ''}><summary>{title}</summary>\n{body}</details>\n"


def bar(percent: float) -> str:
    return f'<span class="bar"><i style="width:{max(0, min(100, percent)):.1f}%"></i></span>'


def date_of(path: str) -> str:
    return datetime.datetime.fromtimestamp(os.path.getmtime(path), datetime.timezone.utc).strftime(
        "%Y-%m-%d %H:%M UTC")


def source(results: data.Results, path: str, step: str = "") -> str:
    """Which file a section is made of, and from when it is."""
    if not os.path.exists(path):
        return ""
    when = "of this run" if step and results.has_run(step) else f"written {date_of(path)}"
    return dim(f"From {code(results.shown(path))}, {when}.")


# --- what ran ----------------------------------------------------------------

def failed(results: data.Results) -> str:
    groups = results.failures()
    if not results.rows:
        return dim("There are no results.")
    if not groups:
        return '<p class="good">Nothing.</p>'
    return table(["Case", "Why", "On", "Log"],
                 [[case_cell(name), text_cell(why), esc(", ".join(steps)), code(log)]
                  for name, why, steps, log in groups], stacked=True)


def counted(results: data.Results) -> str:
    return table(["Kernel or part", "#Passed", "#Failed", "#Skipped"],
                 [[name_cell(step), str(passed), f'<b class="bad">{bad}</b>' if bad else "0",
                   str(skips)]
                  for step, (passed, bad, skips) in results.counts().items()])


def skipped(results: data.Results) -> str:
    rows = []
    for why, of in results.skips():
        steps = sorted({row.step for row in of}, key=data.step_order)
        more = f" and {len(steps) - 4} more" if len(steps) > 4 else ""
        rows.append([str(len(of)), text_cell(why), text_cell(", ".join(steps[:4]) + more)])
    return table(["#Skips", "Reason", "On"], rows, stacked=True) if rows else dim("None.")


# --- promises ----------------------------------------------------------------

class Kernel:
    """What one kernel says of the promises."""

    def __init__(self, rows: list):
        self.present, self.absent = {}, {}	# backends; why
        self.cases, self.params = {}, {}	# (verdict, why) by promise; by (backend, promise)
        for row in rows:
            suite, _, rest = data.name_in(row).partition(".")
            case, _, backend = rest.partition(".")
            found = PROMISE.fullmatch(case)
            # "none" stands for a case that no backend plays.
            if not suite.startswith("dma_conformance") or backend == "none":
                continue
            if case == "every_backend_is_there" and backend:
                (self.absent if row.verdict == "skip" else self.present).setdefault(backend, row.why)
            elif found and backend:
                self.params[backend, found.group(1)] = (row.verdict, row.why)
                self.present.setdefault(backend, "")
            elif found:
                self.cases[found.group(1)] = (row.verdict, row.why)

    def state(self, backend: str, promise: str) -> tuple:
        """One of STATES, and why, of a backend that is present."""
        if promise not in self.cases:
            return "no verdict", "the case has not run"
        verdict, why = self.params.get((backend, promise), (None, ""))
        if verdict is None:
            verdict, why = self.cases[promise]
            if verdict == "not ok":
                return "no verdict", "the case failed on another backend, or before"
            return "does not apply", data.plain_reason(why) or "the backend does not claim it"
        if verdict == "ok":
            return "held", ""
        if verdict == "not ok":
            return "failed", why
        why = data.plain_reason(why)
        if why.startswith("does not apply") and not UNSEEN.search(why):
            return "does not apply", why
        return "cannot be seen here", why


def promise_names(results: data.Results) -> dict:
    names = {}
    for rows in results.cases.values():
        for row in rows:
            for number, text in PROMISE.findall(row.name):
                names.setdefault(number, text.replace("_", " "))
    return dict(sorted(names.items()))


def merged(kernels: dict, backend: str, promise: str) -> tuple:
    """(state, what the cell says) of the kernels of an architecture that have the backend."""
    said = collections.defaultdict(list)
    for step, kernel in kernels.items():
        if backend in kernel.present:
            state, why = kernel.state(backend, promise)
            said[state].append((step, why))
    state = next(state for state in STATES if state in said)
    steps, why = [step for step, _ in said[state]], said[state][0][1]
    where = f" on {', '.join(steps)}" if state == "failed" else ""
    return state, state + where + (f": {re.sub('^does not apply: ', '', why)}" if why else "")


def promise_table(kernels: dict, names: dict) -> tuple:
    """The table of one architecture, and how often it has each state."""
    backends = list(dict.fromkeys(name for kernel in kernels.values()
                                  for name in (*kernel.present, *kernel.absent)))
    count, rows, reasons = collections.Counter(), [], collections.defaultdict(set)
    for backend in backends:
        here = sum(backend in kernel.present for kernel in kernels.values())
        if not here:
            why = next(kernel.absent[backend] for kernel in kernels.values()
                       if backend in kernel.absent)
            state = "does not apply" if data.is_expected(why) else "cannot be seen here"
            style, sign = STATES[state]
            rows.append((1, f'<tr><th scope="row">{esc(backend)}</th><td class="away {style}" colspan='
                         f'"{len(names)}">{sign} {state}: {esc(data.plain_reason(why))}</td></tr>\n'))
            continue
        cells = []
        for promise in names:
            state, why = merged(kernels, backend, promise)
            count[state] += 1
            style, sign = STATES[state]
            title = "" if state == "held" else f' title="{esc(promise)}: {esc(why)}"'
            if state != "held":
                reasons[why].add(promise)
            cells.append(f'<td class="{style}"{title}>{sign}</td>')
        of = f' <span class="dim">{here}/{len(kernels)}</span>' if here < len(kernels) else ""
        rows.append((0, f'<tr><th scope="row">{esc(backend)}{of}</th>{"".join(cells)}</tr>\n'))
    heads = "".join(f'<th scope="col" title="{esc(text)}">{esc(number)}</th>'
                    for number, text in names.items())
    body = "".join(row for _, row in sorted(rows, key=lambda row: row[0]))
    text = "".join(f"<li>{esc(why)}: {esc(', '.join(sorted(of)))}</li>"
                   for why, of in sorted(reasons.items()))
    return ('<div class="scroll" tabindex="0"><table class="cells"><thead><tr><th>backend</th>'
            f"{heads}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
            + details("Why not, and which promises", f"<ul>{text}</ul>", count["failed"] > 0)), count


def promises(results: data.Results) -> str:
    names = promise_names(results)
    if not names:
        return dim(f"Not measured: there is no {code(results.shown(results.path('kunit-*.cases')))}.")
    arches = collections.defaultdict(dict)
    for step, rows in results.cases.items():
        if data.is_guest(step):
            kernel = Kernel(rows)
            if kernel.cases:
                arches[step.split("-")[1]][step] = kernel
    key = "".join(f'<span class="{style}">{sign}</span>{state}'
                  for state, (style, sign) in STATES.items())
    out = [dim("A column is a promise of Documentation/core-api/dma-conformance.rst, a row is a backend "
               "on one architecture. A promise is held if it held on at least one kernel of the "
               "architecture and failed on none; 2/5 after a backend: 2 of 5 kernels have it. "
               "The mouse shows why a promise is not held, as does the list below each table."),
           f'<p class="key">{key}</p>\n']
    for arch, kernels in arches.items():
        body, count = promise_table(kernels, names)
        old = [f"{step} ({date_of(results.path(step + '.cases'))})" for step in kernels
               if not results.has_run(step)]
        said = ", ".join(f"{count[state]} {state}" for state in STATES if count[state])
        kind = "bad" if count["failed"] else "good"
        out.append(f'<h3>{esc(arch)} <span class="dim {kind}">— {esc(said)}</span></h3>\n')
        out.append(dim(f"On {esc(', '.join(kernels))}."
                       + (f" Of an earlier run: {esc(', '.join(old))}." if old else "")))
        out.append(body)
    text = "".join(f"<li>{code(number)} {esc(name)}</li>" for number, name in names.items())
    out.append(details("What the numbers mean", f'<ul class="two">{text}</ul>'))
    return "".join(out)


# --- mutants -----------------------------------------------------------------

VERDICTS = ("killed", "noticed", "survived", "equivalent")


def mutants(results: data.Results) -> str:
    out, path = [], results.path("mutate.tsv")
    head, *lines = data.lines_of(path) or [""]
    rows = [dict(zip(head.split("\t"), map(data.clean, line.split("\t")))) for line in lines]
    if rows:
        files = collections.defaultdict(collections.Counter)
        for row in rows:
            files[row["file"]][row["verdict"]] += 1
        total = sum(files.values(), collections.Counter())
        out += [dim("Mutants are made from the source itself. The score is the share of them that a "
                    "named case killed, without the equivalent ones. Noticed: no case failed, but the "
                    "kernel warned, hung or stopped."),
                source(results, path, "mutate"),
                table(["File", "#Score", "", *(f"#{verdict}" for verdict in VERDICTS)],
                      [mutant_row("<b>all</b>", total),
                       *(mutant_row(code(file), count) for file, count in sorted(files.items()))])]
        for verdict in ("survived", "noticed", "equivalent"):
            of = [row for row in rows if row["verdict"] == verdict]
            if of:
                out.append(details(f"{verdict}: {len(of)}", table(
                    ["Where", "Mutant", "Why", "On"],
                    [[code(f"{row['file']}:{row['line']}"),
                      text_cell(f"{row['function']}(): {row['operator']}: {row['what']}"),
                      text_cell(row["by"]), esc(row["run"])] for row in of], stacked=True)))
    else:
        out.append(dim(f"Mutation score: not measured, there is no {code(results.shown(path))}. "
                       f"{code('make mutants N=200 SEED=1')} measures it."))
    by_hand = [row for row in results.rows if row.step == "mutants" and "/none-" not in row.name]
    if by_hand:
        good = sum(row.verdict == "ok" for row in by_hand)
        out.append(f"<p>Mutants made by hand, in mutants/: {good} of {len(by_hand)} killed by the case "
                   "that they name.</p>\n")
    return "".join(out)


def mutant_row(name: str, count: collections.Counter) -> list:
    of = sum(count.values()) - count["equivalent"]
    percent = 100 * count["killed"] / of if of else None
    score = ["–", ""] if percent is None else [f"{percent:.1f}%", bar(percent)]
    return [name, *score, *(str(count[verdict]) for verdict in VERDICTS)]


# --- prove -------------------------------------------------------------------

def list_table(lines: list) -> list:
    """The rows of the list-table in LINES, as plain text."""
    rows = []
    for line in lines:
        found = re.match(r"\s+(\* -|-)( (.*))?$", line)
        if not found:
            continue
        if found.group(1) == "* -":
            rows.append([])
        if rows:
            text = (found.group(3) or "").replace("``", "")
            rows[-1].append(data.clean(re.sub(r"\\(.)", r"\1", text)))
    return rows[1:]


def prove(results: data.Results) -> str:
    path = results.path("prove.rst")
    rows, said = list_table(data.lines_of(path)), source(results, path, "prove")
    if not rows:
        document = "Documentation/core-api/dma-conformance.rst"
        lines = data.lines_of(os.path.join(results.args.top, document))
        marks = [n for n, line in enumerate(lines) if line.startswith(".. prove: ")]
        rows = list_table(lines[marks[0]:marks[1]]) if len(marks) == 2 else []
        said = dim(f"There is no {code(results.shown(path))}; this is the table in {code(document)}.")
    rows = [row for row in rows if len(row) == 5]
    wanted = [line for line in data.lines_of(os.path.join(results.args.top, "scripts/prove.list"))
              if "|" in line and not line.startswith("#")]
    if rows and len(wanted) != len(rows):
        said += dim(f'<span class="odd">The table has {len(rows)} rows, {code("scripts/prove.list")} '
                    f"has {len(wanted)}: it is older, or of some of the rows.</span>")
    if not rows:
        return dim(f"Not measured: there is no {code(results.shown(path))}.")
    count = collections.Counter(
        "shown" if row[3].startswith("fails") and row[4] == "passes" else
        "not shown" if row[3].startswith("not shown") else "wrong" for row in rows)
    return (f"<p>{count['shown']} rows show a defect of the base kernel, {count['not shown']} cannot, "
            f"{count['wrong']} are not as they should be.</p>\n{said}"
            + table(["Defect", "Kernel", "Case", "On the base", "With the fix"],
                    [[text_cell(row[0]), name_cell(row[1]), case_cell(row[2]),
                      text_cell(row[3]),
                      f'<span class="{"good" if row[4] == "passes" else "odd"}">{esc(row[4])}</span>']
                     for row in rows], stacked=True))


# --- bench -------------------------------------------------------------------

def read_bench(path: str) -> dict:
    """The instructions that most of the calls took: {variant: {call: {kernel: count}}}."""
    variants = collections.defaultdict(lambda: collections.defaultdict(dict))
    for line in data.lines_of(path):
        words = line.split()
        if len(words) == 9 and words[6].isdigit() and not words[2].startswith("nop"):
            variants[words[0]][f"{words[2]} {words[3]}"][words[1]] = int(words[6])
    return variants


def ratio_row(call: str, of: dict) -> list:
    base, new = of.get("base"), of.get("patched")
    numbers = ["–" if number is None else f"{number:,}" for number in (base, new)]
    if not base or new is None:
        return [name_cell(call), "new" if base is None else "not measured", "", *numbers]
    ratio = new / base
    kind = "less" if new < base else "more" if new > base else ""
    shape = (f'<span class="ratio"><i class="{kind}" style="width:{min(100, 50 * ratio):.1f}%"></i>'
             f"</span>{' »' if ratio > 2 else ''}")
    return [name_cell(call), f'<td class="name">{shape}</td>', f"{ratio:.3f}", *numbers]


def bench(results: data.Results) -> str:
    newest = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(results.args.top), "bench/results/*-*.txt")),
                       key=lambda path: (os.path.getmtime(path), path)):
        newest[os.path.basename(path).rpartition("-")[0]] = path
    if not newest:
        return dim("Not measured: there is no bench/results/*.txt.")
    out = [dim("Instructions that a call costs in the guest, with the series divided by without it. "
               "<code>make bench</code> judges how much each may cost. The mark in the middle of a bar "
               "is 1: as much as on the base. A bar ends at 2; one that is cut has a ».")]
    for arch, path in sorted(newest.items(), key=lambda item: item[0] != "x86_64"):
        about = "; ".join(line[2:] for line in data.lines_of(path)
                          if line.startswith(("# commit", "# base", "# guest")))
        out.append(f"<h3>{esc(arch)}</h3>\n" + dim(f"From {code(results.shown(path))}. {esc(about)}"))
        for variant, calls in read_bench(path).items():
            ratios = [of["patched"] / of["base"] for of in calls.values()
                      if of.get("base") and of.get("patched")]
            less, more = sum(r < 1 for r in ratios), sum(r > 1 for r in ratios)
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 1
            out.append(details(
                f"<b>{esc(variant)}</b>: {less} calls cost less, {len(ratios) - less - more} the same, "
                f"{more} more; geometric mean {mean:.3f}",
                table(["Call", "", "#Ratio", "#Base", "#Patched"],
                      [ratio_row(call, of) for call, of in calls.items()]), len(out) == 2))
    return "".join(out)


# --- coverage, records -------------------------------------------------------

def coverage(results: data.Results) -> str:
    path = results.path("coverage.lines")
    lines, rows = [data.clean(line) for line in data.lines_of(path)], []
    for line in lines:
        found = re.match(r"# (\S+): ((\d+) of (\d+) lines.*)", line)
        if found:
            percent = 100 * int(found.group(3)) / max(1, int(found.group(4)))
            rows.append([name_cell(found.group(1)), bar(percent), name_cell(found.group(2))])
    if not lines:
        return dim(f"Not measured: there is no {code(results.shown(path))}.")
    missed = collections.defaultdict(collections.Counter)
    for line in lines:
        where, _, function = line.partition(" ")
        if where != "#":
            missed[where.rpartition(":")[0]][function] += 1
    out = [source(results, path, "coverage"), table(["File", "", "Executed"], rows)]
    for file, functions in sorted(missed.items()):
        text = "".join(f"<li>{code(name)} {number}</li>" for name, number in functions.most_common())
        out.append(details(f"{esc(file)}: {sum(functions.values())} lines that no case executes",
                           f"<ul>{text}</ul>"))
    listed = [line.partition("#") for line in data.lines_of(
        os.path.join(results.args.top, "scripts/coverage.list")) if line[:1] not in ("", "#")]
    text = "".join(f"<li>{code(name.strip())}: {esc(why.strip())}</li>" for name, _, why in listed)
    out.append(details(f"{len(listed)} functions do not count", f"<ul>{text}</ul>"))
    return "".join(out)


def records(results: data.Results) -> str:
    said = {"recorded": '<span class="good">as it is now</span>',
            "stale": '<span class="odd">changed since</span>'}
    return (dim("baseline/check-all: when each part of <code>make check-all</code> last passed, and "
                "whether a file that it depends on has changed since.") +
            table(["Part", "Last passed", "Age", "Tree", "Then"],
                  [[name_cell(name), name_cell(date or "never"), name_cell(data.age_text(days)),
                    said.get(state, '<span class="bad">no record</span>'), name_cell(counts)]
                   for name, state, date, days, counts in results.ages()]))


SECTIONS = (
    ("failed", "Failed", failed), ("promises", "Promises", promises),
    ("kernels", "Kernels and parts", counted), ("skipped", "Skipped", skipped),
    ("mutants", "Mutation score", mutants), ("prove", "Defects shown", prove), ("bench", "Cost", bench),
    ("coverage", "Coverage", coverage), ("records", "Records of check-all", records))


def page(results: data.Results) -> str:
    good = re.search(r", 0 failed,", results.last) and not results.last.startswith("0 passed")
    about = [f"{results.made:%Y-%m-%d %H:%M} UTC"]
    about += [f"commit {results.args.commit}"] if results.args.commit else []
    about += [f"Linux {results.args.base}"] if results.args.base else []
    verdict = ("good", "PASS") if good else ("bad", "FAIL")
    style = "\n".join(data.lines_of(os.path.join(os.path.dirname(__file__), "report.css")))
    links = " ".join(f'<a href="#{name}">{esc(title)}</a>' for name, title, _ in SECTIONS)
    body = "".join(f'<section id="{name}"><h2>{esc(title)}</h2>\n{make(results)}</section>\n'
                   for name, title, make in SECTIONS)
    return f"""<!DOCTYPE html>
<!-- SPDX-License-Identifier: GPL-2.0 -->
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DMA: {esc(results.last)}</title><style>
{style}</style></head><body>
<header><h1>A contract for DMA memory: results</h1>
<p><span class="verdict {verdict[0]}">{verdict[1]}</span> <b>{esc(results.last)}</b></p>
{dim(esc(", ".join(about)) + f". A list of all: {code(results.shown(results.args.summary))}.")}
<nav>{links}</nav></header>
<main>{body}</main></body></html>
"""
