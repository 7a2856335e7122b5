#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run mutants that scripts/mutate.py has made, and count which the suites notice.

usage: mutate_run.py reach --kernel DIR --boot FILE --run NAME
       mutate_run.py score --key KEY --verdicts DIR --runs "KERNEL_DIR:RUN..." [options]

reach boots the kernel without a mutant; all cases have to pass. DIR/RUN.json then tells
which suites reach which mutants, and how long each suite took.

score takes a sample of the mutants that some run reaches. It tries each mutant on the runs
that reach it, in the order of --runs, until a case fails: on um a fault stops the kernel,
elsewhere it fails the case. A boot has the suites that reach the mutant, the fast ones first,
and, once on each kernel whose boot reaches it, all others; it is stopped at the first case
that fails. Verdicts that an earlier call with the same KEY left in DIR are taken from there.

  --boot FILE      the command that boots the run, its words separated by NUL
  --kernel DIR     the kernel, and what mutate.py has written
  --number N       how many mutants (all: every one)
  --seed S         which ones
  --files "F..."   only mutants of these files
  --jobs N         how many boots at a time
  --equivalent F   mutants that change nothing that a test can observe, with the reason
  --table F        write the verdicts here, for a reader
  --tsv F          the same, a line per mutant, for a program
  --tap F          the result lines

The verdicts:

  killed      a named case failed, or an expectation of it, if the kernel stopped then
  noticed     no case failed, but the kernel printed a warning, hung, stopped, failed a suite
              outside of its cases, skipped a case that runs without the mutant, or dma-debug
              counted other errors than the tests provoke
  survived    nothing of that
  equivalent  survived, and --equivalent says why

A mutant whose object code is that of the file without mutants is not in the sample. The score
is killed / (killed + noticed + survived).
"""
import argparse
import collections
import concurrent.futures
import glob
import hashlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time

import kunit_results

LEAST, LEAST_FILE, MANY = 95, 85, 20
RESULT = re.compile(r"^( *)(ok|not ok) \d+ (\S+)(.*)")
SUBTEST = re.compile(r"^( *)# Subtest: (\S+)")
UNMET = re.compile(r"^ *# (\S+): (?:EXPECTATION|ASSERTION) FAILED at ")
HITS = re.compile(r"dma_mutant: (\S+) (\d+) ([0-9a-f,]+)")
LOG_LIMIT = 16 << 20
IDLE = 60


def fail(text):
    sys.exit(f"error: {text}")


def write_json(path, data):
    """All of it or nothing: an interrupted run goes on from what is there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), delete=False,
                                     encoding="utf-8") as out:
        json.dump(data, out, indent=1)
    os.rename(out.name, path)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def family(pid):
    """PID and its descendants (a UML kernel leaves session and process group), the seconds of
    CPU that they have used, and whether one of them wants more."""
    processes, children = {}, collections.defaultdict(list)
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="latin-1") as file:
                words = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        number = int(path.split("/")[2])
        processes[number] = words
        children[int(words[1])].append(number)
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children[found[-1]]
    of = [processes[number] for number in found if number in processes]
    ticks = sum(int(words[11]) + int(words[12]) for words in of)
    return found, ticks / os.sysconf("SC_CLK_TCK"), any(map(is_busy, found))


def is_busy(pid):
    """Whether a thread of it runs or waits for a CPU: the first one of QEMU mostly sleeps."""
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        try:
            with open(path, encoding="latin-1") as file:
                if file.read().rsplit(")", 1)[1].split()[0] in "RD":
                    return True
        except (OSError, IndexError):
            pass
    return False


class Guest:
    """One boot, read line by line. It hangs if it uses `limit` seconds of CPU without a result,
    or does nothing for IDLE seconds. Real time says little: the host may be busy."""

    live = set()

    def __init__(self, command, log, stop_at_failure, limit):
        self.log, self.stop, self.limit = log, stop_at_failure, limit
        self.names, self.cases, self.suites, self.boot = {}, {}, {}, []
        self.failed = self.failed_suite = self.hung = ""
        self.gap, self.progress = 0.0, True
        self.lines, self.size = [], 0
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.live.add(self)
        try:
            self.read()
        finally:
            self.live.discard(self)
            self.kill()
            self.process.stdout.close()
            self.process.wait()
        with open(log, "w", encoding="utf-8") as out:
            out.write("\n".join(self.lines))

    def kill(self):
        if self.process.poll() is not None:
            return
        for pid in family(self.process.pid)[0]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def read(self):
        waiter = selectors.DefaultSelector()
        waiter.register(self.process.stdout, selectors.EVENT_READ)
        self.suite_since = polled = time.monotonic()
        since_cpu, idle, rest = 0.0, 0, b""
        while True:
            if waiter.select(1):
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                self.size += len(data)
                for line in lines:
                    if self.line(line.decode(errors="backslashreplace").rstrip("\r")):
                        return
            if time.monotonic() - polled < 1:
                continue
            polled = time.monotonic()
            _, cpu, busy = family(self.process.pid)
            self.gap = max(self.gap, cpu - since_cpu)
            idle = 0 if busy or self.progress else idle + 1
            if self.progress:
                self.progress, since_cpu = False, cpu
            if cpu - since_cpu > self.limit or idle > IDLE or self.size > LOG_LIMIT:
                at = ".".join(name for _, name in sorted(self.names.items()))
                self.hung = f"hang in {at or 'the boot'}"
                return

    def line(self, raw):
        """Returns whether to stop."""
        self.lines.append(raw)
        line = kunit_results.STAMP.sub("", raw)
        found = SUBTEST.match(line)
        if found:
            self.progress = True
            self.enter(len(found.group(1)), found.group(2))
            return False
        found = HITS.search(line)
        if found:
            self.hits(found.group(1), int(found.group(2)), int(found.group(3).replace(",", ""), 16))
            return False
        found = UNMET.match(line)
        if found and not self.failed:
            # The kernel may not live to print the case's result.
            suite = next((name for _, name in sorted(self.names.items())), "")
            self.failed = f"{suite}.{found.group(1)}"
            return self.stop
        found = RESULT.match(line)
        if not found:
            return False
        self.progress = True
        depth, verdict, name, rest = len(found.group(1)), found.group(2), found.group(3), found.group(4)
        path = [n for d, n in sorted(self.names.items()) if 0 < d <= depth] + [name]
        if not depth:
            now = time.monotonic()
            self.suites.setdefault(name, {"sites": []})["seconds"] = round(now - self.suite_since, 2)
            self.suite_since, path = now, [name]
        self.cases[".".join(path)] = "skip" if "# SKIP" in rest else verdict
        self.names = {d: n for d, n in self.names.items() if d <= depth and depth}
        if verdict == "not ok" and not depth:
            self.failed_suite = self.failed_suite or name
        elif verdict == "not ok":
            self.failed = self.failed or ".".join(path)
        return bool(self.failed) and self.stop

    def enter(self, depth, name):
        self.names = {d: n for d, n in self.names.items() if d < depth}
        self.names[depth] = name

    def hits(self, suite, first, bits):
        sites = [first + i for i in range(bits.bit_length()) if bits >> i & 1]
        if suite == "boot":
            self.boot += sites
        else:
            self.suites.setdefault(suite, {"sites": []})["sites"] += sites

    def noticed(self, expected):
        """What is wrong though no case has failed."""
        console = kunit_results.Console("\n".join(self.lines))
        if self.hung:
            return self.hung + (f", {console.splats[0]}" if console.splats else "")
        if console.splats:
            return f"splat: {console.splats[0]}"
        if self.failed_suite:
            return f"suite {self.failed_suite} failed, none of its cases did"
        if not console.ended:
            return "the log stops before the guest's end"
        if console.dma_debug and kunit_results.dma_debug_verdict(console):
            return kunit_results.dma_debug_verdict(console)
        for name in expected:
            if name not in self.cases:
                return f"never ran: {name}"
            if self.cases[name] == "skip" != expected[name]:
                return f"skipped: {name}"
        return ""


def command_of(path, **parameters):
    with open(path, encoding="utf-8") as file:
        words = file.read().split("\0")[:-1]
    return words + [word for name, value in parameters.items()
                    for word in ("--kernel_args", f"{name}={value}")]


def reach(args):
    data = read_json(os.path.join(args.kernel, "mutants.json"))
    log = os.path.join(args.kernel, f"{args.run}.log")
    guest = Guest(command_of(args.boot, dma_mutant=-1), log, False, 600)
    wrong = f"{guest.failed} fails" if guest.failed else guest.noticed({})
    if not guest.cases and not wrong:
        wrong = "no case ran"
    if wrong:
        print(f"  {args.run}: not usable, without a mutant: {wrong}, see {log}")
        return 1
    write_json(os.path.join(args.kernel, f"{args.run}.json"),
               {"suites": guest.suites, "boot": guest.boot, "cases": guest.cases, "gap": guest.gap})
    sites = set(guest.boot).union(*(suite["sites"] for suite in guest.suites.values()))
    alive = sum(not mutant["dropped"] for mutant in data["mutants"])
    print(f"  {args.run}: {len(guest.cases)} cases, {len(guest.suites)} suites reach {len(sites)} of "
          f"{alive} mutants")
    return 0


class Run:
    """A kernel on a machine, and what it reaches."""

    def __init__(self, spec):
        self.kernel, self.name = spec.rsplit(":", 1)
        self.data = read_json(os.path.join(self.kernel, "mutants.json"))
        self.found = read_json(os.path.join(self.kernel, f"{self.name}.json"))
        self.boot = os.path.join(self.kernel, f"{self.name}.boot")
        self.objects, self.lock = {}, threading.Lock()
        if not self.data or not self.found:
            fail(f"{self.name} has no list of what it reaches")
        self.at_boot = set(self.found["boot"])
        self.by_suite = {name: set(suite["sites"]) for name, suite in self.found["suites"].items()}
        self.reached = self.at_boot.union(*self.by_suite.values())
        self.numbers = {m["key"]: m["number"] for m in self.data["mutants"]
                        if m["number"] in self.reached and not m["dropped"]}

    def suites_for(self, number, every):
        """Those that reach it, the fast ones first; with EVERY, the others behind them."""
        seconds = {name: suite["seconds"] for name, suite in self.found["suites"].items()}
        of = sorted((name for name, sites in self.by_suite.items() if number in sites), key=seconds.get)
        if every:
            of += sorted(set(seconds) - set(of), key=seconds.get)
        return of

    def expected(self, suites):
        return {name: verdict for name, verdict in self.found["cases"].items()
                if name.split(".")[0] in suites}

    def object_of(self, unit, number):
        """A checksum, or nothing if it does not compile or link."""
        with tempfile.NamedTemporaryFile(suffix=".o") as out:
            words = [out.name if word == "@" else word for word in unit["compiler"]]
            run = subprocess.run([*words, f"-DDMA_MUTANT={number}"], cwd=unit["kdir"],
                                 capture_output=True, check=False)
            if run.returncode:
                return ""
            names = subprocess.run([self.data["nm"], "-u", out.name], capture_output=True, text=True, check=True)
            if set(names.stdout.split()) & set(self.data["missing"]):
                return ""
            with open(out.name, "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()

    def differs(self, mutant):
        """`differs` if the mutant is another program, else `same` or `no program`."""
        cache = os.path.join(self.kernel, "objects", mutant["key"])
        known = read_json(cache)
        if known is not None:
            return known
        found = "same"
        for unit in self.data["units"][mutant["file"]]:
            with self.lock:
                if unit["object"] not in self.objects:
                    self.objects[unit["object"]] = self.object_of(unit, 0)
            object_ = self.object_of(unit, self.numbers[mutant["key"]])
            if not object_:
                found = "no program"
                break
            if object_ != self.objects[unit["object"]]:
                found = "differs"
        write_json(cache, found)
        return found

    def try_mutant(self, mutant, suites, logs):
        number = self.numbers[mutant["key"]]
        log = os.path.join(logs, f"{self.name}-{mutant['key']}.log")
        t0 = time.monotonic()
        guest = Guest(command_of(self.boot, dma_mutant=number, dma_mutant_suites=",".join(suites)),
                      log, True, 5 + 5 * self.found["gap"])
        what = guest.failed
        verdict = "killed" if what else ""
        if not verdict:
            what = guest.noticed(self.expected(suites))
            verdict = "noticed" if what else "survived"
        return {"verdict": verdict, "by": what, "run": self.name, "seconds": round(time.monotonic() - t0, 1),
                "log": log}


def read_equivalent(path):
    """{FILE FUNCTION OPERATOR TEXT: reason}, see the file's head."""
    entries, name = {}, None
    if not path or not os.path.exists(path):
        return entries
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                name = line.strip()
                if len(name.split(": ", 3)) != 4:
                    fail(f"{path}: not `FILE: FUNCTION: OPERATOR: TEXT`: {name}")
                if name in entries:
                    fail(f"{path}: twice: {name}")
                entries[name] = ""
            elif name is None:
                fail(f"{path}: a reason without a mutant: {line.strip()}")
            else:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    for name, reason in entries.items():
        if not reason:
            fail(f"{path}: no reason: {name}")
    return entries


def title(mutant):
    return f"{mutant['file']}: {mutant['function']}: {mutant['operator']}: {mutant['what']}"


class Score:
    def __init__(self, args):
        self.args = args
        self.runs = [Run(spec) for spec in args.runs.split()]
        self.equivalent = read_equivalent(args.equivalent)
        self.mutants, self.passed = {}, collections.Counter()
        self.out, self.done, self.interrupted = threading.Lock(), 0, False
        for run in self.runs:
            for mutant in run.data["mutants"]:
                if mutant["key"] in run.numbers and (not args.files or mutant["file"] in args.files.split()):
                    self.mutants.setdefault(mutant["key"], (mutant, []))[1].append(run)

    def sample(self, pool):
        order = sorted(self.mutants, key=lambda key: hashlib.sha256(
            f"{self.args.seed} {key}".encode()).hexdigest())
        number = len(order) if self.args.number == "all" else int(self.args.number)
        chosen, ahead = [], 4 * self.args.jobs
        for at in range(0, len(order), ahead):
            some = [self.mutants[key] for key in order[at:at + ahead]]
            for (mutant, _), (runs, why) in zip(some, pool.map(self.differing, some)):
                if len(chosen) < number:
                    if runs:
                        chosen.append((mutant, runs))
                    else:
                        self.passed[why] += 1
            if len(chosen) >= number:
                break
        return chosen

    def differing(self, item):
        """The runs from the first on for which the mutant is another program, or why not."""
        mutant, runs = item
        why = "no program"
        for n, run in enumerate(runs):
            found = run.differs(mutant)
            if found == "differs":
                return runs[n:], ""
            if found == "same":
                why = found
        return [], why

    def judge(self, item):
        mutant, runs = item
        best, listed, booted = None, title(mutant) in self.equivalent, set()
        for run in runs:
            if run.differs(mutant) != "differs":
                continue
            # What the boot reaches, any suite may notice: once on each kernel.
            number = run.numbers[mutant["key"]]
            every = number in run.at_boot and run.kernel not in booted
            suites = run.suites_for(number, every)
            if every:
                booted.add(run.kernel)
            elif not suites:
                continue
            key = hashlib.sha256(f"{self.args.key} {run.name} {suites} {mutant['key']}".encode()).hexdigest()[:32]
            path = os.path.join(self.args.verdicts, key)
            row = read_json(path)
            new = row is None
            if new:
                row = run.try_mutant(mutant, suites, os.path.join(self.args.verdicts, "logs"))
                if self.interrupted:
                    return None
                write_json(path, row)
            self.tell(mutant, row, new)
            # What one run noticed stays noticed, though a later one survives it.
            if best is None or best["verdict"] == "survived" or row["verdict"] == "killed":
                best = row
            if row["verdict"] == "killed" or listed:
                break
        row = best
        if row["verdict"] == "survived" and listed:
            row["verdict"], row["by"] = "equivalent", self.equivalent[title(mutant)]
        row["listed"] = listed
        return {**mutant, **row}

    def tell(self, mutant, row, new):
        with self.out:
            self.done += 1
            print(f"  {self.done}: {row['verdict']:9} {mutant['file']}:{mutant['line']} {mutant['operator']}"
                  f"{' by ' + row['by'] if row['by'] else ''}"
                  f" ({row['run']}, {str(row['seconds']) + ' s' if new else 'before'})", flush=True)

    def main(self):
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            chosen = self.sample(pool)
            if not chosen:
                fail("no mutant that a run reaches")
            print(f"  {len(self.mutants)} mutants are reached; {len(chosen)} in the sample of seed "
                  f"{self.args.seed}, passed over: {self.passed['same']} with the same object code, "
                  f"{self.passed['no program']} that do not compile or link", flush=True)
            try:
                rows = list(pool.map(self.judge, chosen))
            except KeyboardInterrupt:
                # What is running ends, and leaves no verdict.
                self.interrupted = True
                pool.shutdown(wait=False, cancel_futures=True)
                for guest in list(Guest.live):
                    guest.kill()
                raise
        return self.report(sorted(rows, key=lambda row: (row["file"], row["line"], row["operator"], row["what"])))

    def report(self, rows):
        text, tap, bad = [], [], 0
        columns = ["file", "line", "function", "operator", "verdict", "run", "by", "what"]
        with open(self.args.tsv, "w", encoding="utf-8") as out:
            out.write("\t".join(columns) + "\n")
            for row in rows:
                out.write("\t".join(str(row[name]).replace("\t", " ") for name in columns) + "\n")

        def counts(of):
            count = collections.Counter(row["verdict"] for row in of)
            tried = count["killed"] + count["noticed"] + count["survived"]
            return count, tried, 100 * count["killed"] / tried if tried else 100.0

        def show(name, of):
            count, tried, score = counts(of)
            text.append(f"  {name:38} {tried:5} {count['killed']:7} {count['noticed']:8} "
                        f"{count['survived']:9} {count['equivalent']:11} {score:6.1f}%")
            return tried, score

        text.append(f"  {'file':38} {'tried':>5} {'killed':>7} {'noticed':>8} {'survived':>9} "
                    f"{'equivalent':>11}   score")
        for file in sorted({row["file"] for row in rows}):
            tried, score = show(file, [row for row in rows if row["file"] == file])
            good = score >= LEAST_FILE or tried < MANY
            bad += not good
            tap.append(f"{'ok' if good else 'not ok'} mutate/{file}" +
                       ("" if good else f" # {score:.1f}% of {tried} killed by a named case"))
        for operator in sorted({row["operator"] for row in rows}):
            show(operator, [row for row in rows if row["operator"] == operator])
        tried, score = show("all", rows)
        good = score >= LEAST
        bad += not good
        tap.append(f"{'ok' if good else 'not ok'} mutate/score" +
                   ("" if good else f" # {score:.1f}% of {tried} killed by a named case"))
        for verdict in ("survived", "noticed", "equivalent"):
            of = [row for row in rows if row["verdict"] == verdict]
            if of:
                text += ["", f"  {verdict}:"]
            for row in of:
                text.append(f"  {row['file']}:{row['line']}: {row['function']}: {row['operator']}: {row['what']}"
                            f"{' (' + row['by'] + ')' if row['by'] else ''} [{row['run']}]")
                if verdict == "survived":
                    tap.append(f"not ok mutate/{row['file']}:{row['line']}/{row['operator']} # survived: {row['what']}")
                    bad += 1
        for row in rows:
            if row["listed"] and row["verdict"] != "equivalent":
                tap.append(f"not ok mutate/{row['file']}:{row['line']}/equivalent # "
                           f"{self.args.equivalent} lists it, but it is {row['verdict']} by {row['by']}")
                bad += 1
        known = {title(mutant) for run in self.runs for mutant in run.data["mutants"]}
        files = {mutant["file"] for run in self.runs for mutant in run.data["mutants"]}
        for name in self.equivalent:
            if name not in known and name.split(": ")[0] in files:
                tap.append(f"not ok mutate/equivalent.list # no such mutant: {name}")
                bad += 1
        killers = collections.Counter(row["by"] for row in rows if row["verdict"] == "killed")
        text += ["", "  killed most often by:"] + [f"  {n:5} {name}" for name, n in killers.most_common(10)]
        with open(self.args.table, "w", encoding="utf-8") as out:
            out.write("\n".join(text) + "\n")
        with open(self.args.tap, "w", encoding="utf-8") as out:
            out.write("\n".join(tap) + "\n")
        print("\n" + "\n".join(text))
        return 1 if bad else 0


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("what", choices=("reach", "score"))
    for name in ("kernel", "boot", "run", "key", "verdicts", "runs", "files", "equivalent", "table",
                 "tsv", "tap"):
        args.add_argument(f"--{name}", default="")
    args.add_argument("--number", default="100")
    args.add_argument("--seed", default="1")
    args.add_argument("--jobs", type=int, default=1)
    args = args.parse_args()
    if args.number != "all" and not args.number.isdigit():
        fail(f"N={args.number} is neither a number nor all")

    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    if args.what == "reach":
        return reach(args)
    os.makedirs(os.path.join(args.verdicts, "logs"), exist_ok=True)
    return Score(args).main()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
