#!/usr/bin/python3 -sB
# SPDX-License-Identifier: MIT
"""Measures CPU time, wall time, peak memory and page faults of workloads under several allocators and checkers.

For each workload the tools take turns, run by run (A B C A B C ...), so that a machine that slows down for a while slows all of them.
Every run's output and exit status are compared with plain's: a fast tool that changes the answer is shown as such. Medians are compared;
least and most are kept. Slow tools get small inputs, and are compared with plain on these. Tables go to standard output, everything to
OUT/bench.json, tables for documents to OUT/bench.adoc. --micro measures single operations only, in cycles.
"""
import argparse
import datetime
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from bench import micro, tables, tools, workloads  # noqa: E402 (found only by the line above)

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

    def run(self, tool, command, seconds, variables=None, client=None):
        """One run. With a client, the output is the client's: it is what the server did."""
        result = os.path.join(self.folder, "result")
        paths = [os.path.join(self.folder, name) for name in ("output", "complaints")]
        variables = {**(variables or {}), **tool.environment((variables or {}).get("LD_PRELOAD"))}
        settings = [f"{name}={value}" for name, value in variables.items()]
        with open(paths[0], "wb") as out, open(paths[1], "wb") as complaints:
            command = [self.measure, str(seconds), result, *settings, "--", *(tool.command or []), *command]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=complaints, env=self.environment,
                                  cwd=self.folder) as process:
                answers = self.serve(client, seconds) if client else None
            if process.returncode != 0:
                raise subprocess.CalledProcessError(process.returncode, command)
        with open(result) as file, open(paths[0], "rb") as out, open(paths[1], "rb") as complaints:
            return Run(file.read(), out.read() if answers is None else answers, complaints.read(), seconds)

    def serve(self, client, seconds):
        """What the client prints. It ends when its server does, which measure ends in time; so the limit here is for the worst case."""
        try:
            return subprocess.run(client, stdin=subprocess.DEVNULL, capture_output=True, env=self.environment, cwd=self.folder,
                                  timeout=seconds + 10).stdout
        except subprocess.TimeoutExpired:
            return b"the client did not end"

    def count_allocations(self, work):
        """Calls of the malloc family, or None where the count cannot be had."""
        counter, path = tools.Tool("count", ""), os.path.join(self.folder, "count")
        counter.library = os.path.abspath(os.path.join(self.args.out, "bench", "count_calls.so"))
        if os.path.exists(path):
            os.unlink(path)
        self.run(counter, work.command, self.args.timeout, dict(work.variables, COUNT_CALLS_FILE=path), work.client)
        if not os.path.exists(path):
            return None
        with open(path) as file:
            return int(file.read())

    def compare(self, chosen, work, runs):
        """Every tool, in turns. A tool that failed once is not run again. Returns cells by tool name."""
        done = {tool.name: [] for tool in chosen}
        against = {}
        expected = {}
        for turn in range(runs):
            for tool in chosen:
                command, client, small = work.for_tool(tool)
                if tool.name == tools.SMALL and not small:
                    continue
                runs_done = done[tool.name]
                if turn >= min(runs, tool.runs_max or runs) or (runs_done and runs_done[-1].status != "ok"):
                    continue
                seconds = min(self.args.timeout, tool.seconds or self.args.timeout)
                run = self.run(tool, command, seconds, work.variables, client)
                against[tool.name] = tools.SMALL if small else "plain"
                if run.status == "ok" and tool.ours and b"ERROR: malloc-debug" in run.complaints:
                    run.status = "report"
                if run.status == "ok" and run.output != expected.setdefault(small, run.output):
                    run.status = "output"
                run.output = None
                runs_done.append(run)
        return {name: make_cell(runs_done, against[name]) for name, runs_done in done.items() if runs_done}


def make_cell(runs, against):
    """against: the tool whose medians this one's are compared with."""
    cell = {"status": runs[-1].status, "against": against, "runs": [run.values for run in runs]}
    if cell["status"] != "ok" and runs[-1].complaints.strip():
        lines = runs[-1].complaints.decode(errors="replace").strip().splitlines()
        cell["complaint"] = next((line for line in lines if "ERROR: malloc-debug" in line), lines[-1])[:200]
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
    parser.add_argument("--quick", action="store_true", help="few tools, one run: under a minute")
    parser.add_argument("--only", default="", metavar="REGEX", help="only workloads whose name matches")
    parser.add_argument("--tools", default="", metavar="LIST", help="only these tools, separated by commas; plain is always there")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each (default 5; quick: 1); slow tools have fewer")
    parser.add_argument("--timeout", type=int, default=40, metavar="SECONDS", help="limit of one run (default 40)")
    parser.add_argument("--micro", action="store_true", help="only the cycles of single operations")
    parser.add_argument("--list", action="store_true", help="names of workloads and tools, nothing is run")
    args = parser.parse_args()
    args.out = os.path.abspath(args.out)
    args.library = args.library or os.path.join(args.out, "libmalloc_debug.so")
    args.runs = args.runs or (1 if args.quick else 5)
    if args.runs < 1 or args.timeout < 1:
        parser.error("--runs and --timeout are at least 1")
    return parser, args


def choose_tools(parser, args):
    known = tools.all_tools(args.library)
    names = [tool.name for tool in known]
    wanted = args.tools.split(",") if args.tools else tools.quick_names() if args.quick else names
    if args.micro and not args.tools:
        wanted = micro.TOOLS_QUICK if args.quick else micro.TOOLS
    for name in wanted:
        if name not in names:
            parser.error(f"no tool {name}; there are: " + ", ".join(names))
    with_small = any(tool.small for tool in known if tool.name in wanted)
    return [tool for tool in known if tool.name in wanted or tool.name == "plain" or (tool.name == tools.SMALL and with_small)]


def measure_micro(bench, chosen):
    names = micro.TOOLS_QUICK if bench.args.quick else micro.TOOLS
    print("single operations", file=sys.stderr)
    return micro.measure(bench, [tool for tool in chosen if tool.name in names], 1 if bench.args.quick else max(5, bench.args.runs))


def save(data, stem):
    with open(stem + ".json", "w") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    with open(stem + ".adoc", "w") as file:
        file.write(tables.asciidoc(data) + (micro.asciidoc(data["micro"]) if "micro" in data else ""))


def measure_all(bench, chosen, works, data):
    """Fills data, and writes it after each workload, so that a long run can be cut short."""
    stem = os.path.join(bench.args.out, "bench")
    print(f"start of /bin/true under {len(chosen)} tools", file=sys.stderr)
    start = workloads.Workload("true", "other", "start of /bin/true", ["/bin/true"])
    data["startup"] = bench.compare(chosen, start, (5 if bench.args.quick else 4) * bench.args.runs)
    for work in works:
        if work.missing():
            data["left_out"][work.name] = work.missing()
            continue
        print(f"{work.name}: {work.title}", file=sys.stderr)
        # Single questions are answered by the least wall time, which takes a few runs more.
        runs = max(3, bench.args.runs) if work.kind == "other" else bench.args.runs
        work.allocations = None if bench.args.quick else bench.count_allocations(work)
        data["workloads"].append({"name": work.name, "kind": work.kind, "title": work.title, "allocations": work.allocations,
                                  "results": bench.compare(chosen, work, runs)})
        save(data, stem)
    if not bench.args.only:
        data["micro"] = measure_micro(bench, chosen)
    save(data, stem)
    print(tables.text(data), end="")
    if "micro" in data:
        print("\n" + micro.text(data["micro"]), end="")
    print(f"\nwritten: {stem}.json, {stem}.adoc")


def broken_lines(data, chosen):
    """Others may fail as they like; that ours survives and changes no output is part of what is measured."""
    names = {tool.name for tool in chosen if tool.ours or tool.name in ("plain", tools.SMALL)}
    return [f"{row['name']} under {name}: {cell['status']}" for row in data["workloads"] for name, cell in row["results"].items()
            if name in names and cell["status"] != "ok"]


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
        for tool in chosen:
            tool.find(bench.run)
        there = [tool for tool in chosen if not tool.missing]
        data = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": machine(), "runs": args.runs,
                "tools": {tool.name: {"title": tool.title, "runs": min(args.runs, tool.runs_max or args.runs), "costs": tool.costs}
                          for tool in there},
                "left_out": {tool.name: tool.missing for tool in chosen if tool.missing}, "workloads": []}
        if args.micro:
            print(micro.text(measure_micro(bench, there)), end="")
            return 0
        workloads.make_inputs(folder)
        measure_all(bench, there, works, data)
    broken = broken_lines(data, chosen)
    for line in broken:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
