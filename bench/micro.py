# SPDX-License-Identifier: MIT
"""Costs of single operations in ticks of the time stamp counter: bench/programs/micro.c under several tools in turns, the least of all
runs of each (it is the same work every time: whatever is above the least is the machine's). Costs of one feature are differences to a run
without it."""
import os
import statistics

from bench import tables

TOOLS = ("plain", "light", "default", "no-stacks", "no-quarantine", "no-history", "no-guards", "no-calls", "check3", "asan")
TOOLS_QUICK = ("plain", "default", "no-stacks", "no-history", "no-calls")

# What, how often it happens in the operation, the operation, and the tool that does the same without it.
COSTS = [
    *[(f"one stack of {depth} frames", 2, f"pair-depth-{depth}", "no-stacks") for depth in (4, 10, 20, 30)],
    ("one stack of 20 frames, 64 of them at random", 2, "pair-varied-20", "no-stacks"),
    ("one event of the history", 2, "pair", "no-history"),
    ("quarantine, a block", 1, "pair", "no-quarantine"),
    ("guard pages, a block", 1, "pair", "no-guards"),
    ("address lookup (malloc_usable_size)", 1, "usable-size", "plain"),
    *[(f"look at {name}", 1, name, "no-calls") for name in (
        "memcpy-16-heap", "memcpy-16-stack", "memcpy-8-static", "memcpy-4096-heap", "memset-64-heap", "strlen-24-heap", "strlen-24-static",
        "strcmp-24-heap", "snprintf-heap")],
]


def measure(bench, chosen, runs):
    """chosen: the tools that are there. Returns what goes into the JSON."""
    program = os.path.join(bench.args.out, "bench", "programs", "micro")
    found, rates, failed = {tool.name: {} for tool in chosen}, [], {}
    for _ in range(runs):
        for tool in chosen:
            run = bench.run(tool, [program], bench.args.timeout)
            if run.status != "ok":
                failed[tool.name] = run.status
                continue
            for line in run.output.decode().splitlines():
                name, ticks = line.split()
                if name == "mhz":
                    rates.append(float(ticks))
                else:
                    found[tool.name].setdefault(name, []).append(float(ticks))
    operations = list(found["plain"])
    cycles = {operation: {tool: {"min": min(by[operation]), "median": statistics.median(by[operation]), "max": max(by[operation])}
                          for tool, by in found.items() if operation in by} for operation in operations}
    costs = {}
    for what, times, operation, off in COSTS:
        by = cycles.get(operation, {})
        if "default" in by and off in by:
            costs[what] = round((by["default"]["min"] - by[off]["min"]) / times, 1)
    return {"mhz": statistics.median(rates) if rates else None, "runs": runs, "failed": failed, "cycles": cycles, "costs": costs}


def operation_rows(micro):
    tools = [tool for tool in TOOLS if any(tool in by for by in micro["cycles"].values())]
    rows = [["cycles"] + tools]
    for operation, by in micro["cycles"].items():
        rows.append([operation] + [f"{by[tool]['min']:.0f}" if tool in by else micro["failed"].get(tool, "-") for tool in tools])
    return rows


def text(micro):
    """Both tables, for standard output."""
    out = [f"single operations, cycles of the time stamp counter ({micro['mhz']:.0f} MHz), least of {micro['runs']}:\n"
           + tables.align(operation_rows(micro))] if micro["mhz"] else []
    if micro["costs"]:
        rows = [["what it costs by default", "cycles"]] + [[what, f"{cycles:.0f}"] for what, cycles in micro["costs"].items()]
        out.append(tables.align(rows))
    if micro["failed"]:
        out.append("micro did not run under: " + ", ".join(f"{tool} ({why})" for tool, why in micro["failed"].items()))
    return "\n\n".join(out) + "\n"


def asciidoc(micro):
    if not micro["costs"]:
        return ""
    tools = [tool for tool in TOOLS if tool in micro["cycles"]["pair"] and not tool.startswith("no-")]
    out = [f".Single operations, cycles of the time stamp counter ({micro['mhz']:.0f} MHz)", f"[%header,cols=\"<3,{len(tools)}*>1\"]",
           "|===", "|operation |" + " |".join(tools)]
    out += ["|" + " |".join([operation] + [f"{by[tool]['min']:.0f}" if tool in by else "-" for tool in tools])
            for operation, by in micro["cycles"].items()] + ["|==="]
    out += [f".What single things cost by default, cycles of the time stamp counter ({micro['mhz']:.0f} MHz)", "[%header,cols=\"<4,>1\"]",
           "|===", "|what |cycles"]
    out += [f"|{what} |{cycles:.0f}" for what, cycles in micro["costs"].items()]
    return "\n".join(out + ["|==="]) + "\n\n"
