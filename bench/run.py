#!/usr/bin/python3 -sB
# SPDX-License-Identifier: MIT
"""Measures CPU time, wall time, peak memory and page faults of workloads under several allocators and checkers.

For each workload the tools take turns, run by run (A B C A B C ...), so that a machine that slows down for a while slows all of them.
Every run's output and exit status are compared with plain's: a fast tool that changes the answer is shown as such. Medians are compared;
least and most are kept. Tables go to standard output, everything to OUT/bench.json, tables for documents to OUT/bench.adoc.
"""
import argparse
import datetime
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from bench import tables, tools, workloads  # noqa: E402 (found only by the line above)

QUANTITIES = ("cpu", "wall", "rss", "faults")


class Run:
    """One run of one program under one tool."""

    def __init__(self, result, output, complaints, seconds):
        how, code, wall, user, system, rss, minor, major = result.split()
        self.values = {"cpu": int(user) + int(system), "wall": int(wall), "rss": int(rss), "faults": int(minor) + int(major)}
        self.output = output
        self.complaints = complaints
        self.status = "ok"
        if how == "timeout":
            self.status = f">{seconds} s"
        elif how == "signal":
            self.status = signal.Signals(int(code)).name if int(code) in set(signal.Signals) else f"signal {code}"
        elif code != "0":
            self.status = f"exit {code}"


class Bench:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.measure = os.path.join(args.out, "bench", "measure")
        # Nothing of the caller's settings may reach the programs, and hash orders must be the same in each run.
        self.environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin", "HOME": folder, "LC_ALL": "C", "TZ": "UTC",
                            "PYTHONHASHSEED": "0", "PERL_HASH_SEED": "0", "GIT_CONFIG_NOSYSTEM": "1", "TMPDIR": folder}

    def run(self, tool, command, seconds, variables=None):
        result = os.path.join(self.folder, "result")
        paths = [os.path.join(self.folder, name) for name in ("output", "complaints")]
        settings = [f"{name}={value}" for name, value in {**(variables or {}), **tool.environment()}.items()]
        with open(paths[0], "wb") as out, open(paths[1], "wb") as complaints:
            subprocess.run([self.measure, str(seconds), result, *settings, "--", *(tool.command or []), *command], check=True,
                           stdin=subprocess.DEVNULL, stdout=out, stderr=complaints, env=self.environment, cwd=self.folder)
        with open(result) as file, open(paths[0], "rb") as out, open(paths[1], "rb") as complaints:
            return Run(file.read(), out.read(), complaints.read(), seconds)

    def count_allocations(self, work):
        """Calls of the malloc family, or None where the count cannot be had."""
        counter, path = tools.Tool("count", ""), os.path.join(self.folder, "count")
        counter.library = os.path.abspath(os.path.join(self.args.out, "bench", "count_calls.so"))
        if os.path.exists(path):
            os.unlink(path)
        self.run(counter, work.command, self.args.timeout, dict(work.variables, COUNT_CALLS_FILE=path))
        if not os.path.exists(path):
            return None
        with open(path) as file:
            return int(file.read())

    def compare(self, chosen, command, variables, runs):
        """Every tool, in turns. A tool that failed once is not run again. Returns cells by tool name."""
        cells = {tool.name: [] for tool in chosen}
        plain = None
        for turn in range(runs):
            for tool in chosen:
                done = cells[tool.name]
                if turn >= min(runs, tool.runs_max or runs) or (done and done[-1].status != "ok"):
                    continue
                run = self.run(tool, command, min(self.args.timeout, tool.seconds or self.args.timeout), variables)
                if plain is None:
                    plain = run
                if run.status == "ok" and tool.ours and b"ERROR: malloc-debug" in run.complaints:
                    run.status = "report"
                if run.status == "ok" and run.output != plain.output:
                    run.status = "output"
                run.output = None if run is not plain else run.output
                done.append(run)
        return {name: make_cell(done) for name, done in cells.items() if done}


def make_cell(runs):
    cell = {"status": runs[-1].status, "runs": [run.values for run in runs]}
    for quantity in QUANTITIES:
        values = [run.values[quantity] for run in runs]
        cell[quantity] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return cell


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "processors": os.cpu_count(), "versions": tools.versions()}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="build", help="build folder: programs are in OUT/bench, results go to OUT (default: build)")
    parser.add_argument("--library", help="the library (default: OUT/libmalloc_debug.so)")
    parser.add_argument("--quick", action="store_true", help="few tools, two runs: under a minute")
    parser.add_argument("--only", default="", metavar="REGEX", help="only workloads whose name matches")
    parser.add_argument("--tools", default="", metavar="LIST", help="only these tools, separated by commas; plain is always there")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each (default 5; quick: 2); slow tools have fewer")
    parser.add_argument("--timeout", type=int, default=40, metavar="SECONDS", help="limit of one run (default 40)")
    parser.add_argument("--list", action="store_true", help="names of workloads and tools, nothing is run")
    args = parser.parse_args()
    args.out = os.path.abspath(args.out)
    args.library = args.library or os.path.join(args.out, "libmalloc_debug.so")
    args.runs = args.runs or (2 if args.quick else 5)
    if args.runs < 1 or args.timeout < 1:
        parser.error("--runs and --timeout are at least 1")
    return parser, args


def choose_tools(parser, args):
    known = tools.all_tools(args.library)
    wanted = args.tools.split(",") if args.tools else tools.quick_names() if args.quick else [tool.name for tool in known]
    for name in wanted:
        if name not in [tool.name for tool in known]:
            parser.error(f"no tool {name}; there are: " + ", ".join(tool.name for tool in known))
    return [tool for tool in known if tool.name in wanted or tool.name == "plain"]


def main():
    parser, args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    chosen = choose_tools(parser, args)
    with tempfile.TemporaryDirectory(prefix="malloc-debug-bench.") as folder:
        every = workloads.all_workloads(os.path.join(args.out, "bench", "programs"), folder)
        if args.list:
            for item in every + chosen:
                print(f"{item.name}: {item.title}")
            return 0
        works = [work for work in every if re.search(args.only, work.name)]
        if not works:
            parser.error(f"no workload matches {args.only}")
        bench = Bench(args, folder)
        workloads.make_inputs(folder)
        for tool in chosen:
            tool.find(bench.run)
        data = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": machine(), "runs": args.runs,
                "tools": {tool.name: {"title": tool.title, "runs": min(args.runs, tool.runs_max or args.runs)}
                          for tool in chosen if not tool.missing},
                "left_out": {tool.name: tool.missing for tool in chosen if tool.missing}, "workloads": []}
        chosen = [tool for tool in chosen if not tool.missing]
        print(f"start of /bin/true under {len(chosen)} tools", file=sys.stderr)
        data["startup"] = bench.compare(chosen, ["/bin/true"], {}, args.runs if args.quick else 4 * args.runs)
        for work in works:
            if work.missing():
                data["left_out"][work.name] = work.missing()
                continue
            print(f"{work.name}: {work.title}", file=sys.stderr)
            work.allocations = bench.count_allocations(work)
            data["workloads"].append({"name": work.name, "kind": work.kind, "title": work.title, "allocations": work.allocations,
                                      "results": bench.compare(chosen, work.command, work.variables, args.runs)})
            tables.save(data, os.path.join(args.out, "bench"))  # after each, so that a long run can be cut short
    print(tables.text(data), end="")
    print(f"\nwritten: {os.path.join(args.out, 'bench.json')}, {os.path.join(args.out, 'bench.adoc')}")
    # Others may fail as they like; that ours survives and changes no output is part of what is measured.
    names = {tool.name for tool in chosen if tool.ours or tool.name == "plain"}
    broken = [f"{row['name']} under {name}: {cell['status']}" for row in data["workloads"] for name, cell in row["results"].items()
              if name in names and cell["status"] != "ok"]
    for line in broken:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
