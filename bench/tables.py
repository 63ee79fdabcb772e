# SPDX-License-Identifier: MIT
"""Results as text and AsciiDoc. A result is a dictionary as run.py makes it; ratios are of medians, to plain on the same input."""
import math
import statistics

COLUMNS_MAX = 8  # tools in one block of the text table


def ratio(row, tool, quantity, reference=None):
    """Of this tool's median to that of reference (by default plain on the same input), or None if either did not get through."""
    cells = row["results"]
    cell = cells.get(tool)
    base = cells.get(reference or cell["against"]) if cell else None
    if not base or base["status"] != "ok" or cell["status"] != "ok" or not base[quantity]["median"]:
        return None
    return cell[quantity]["median"] / base[quantity]["median"]


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else None


def mean_cell(rows, tool, quantity):
    """The geometric mean over the rows that the tool survived; an asterisk says that it did not survive all."""
    values = [ratio(row, tool, quantity) for row in rows]
    reached = [value for value in values if value]
    if not reached:
        return "-"
    return number(geometric_mean(reached)) + ("" if len(reached) == len(values) else "*")


def number(value):
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def milliseconds(microseconds, digits=0, which="median"):
    return f"{microseconds[which] / 1000:.{digits}f}"


def cell_text(row, tool, quantity):
    cell = row["results"].get(tool)
    if cell is None:
        return "-"
    if cell["status"] != "ok":
        return cell["status"]
    value = ratio(row, tool, quantity)
    return number(value) if value else "-"


def ratio_rows(data, tools, quantity):
    """Rows of cells: the workloads of each kind, then their geometric mean."""
    out = []
    for kind, label in (("real", "real programs"), ("malloc", "malloc-bound")):
        rows = [row for row in data["workloads"] if row["kind"] == kind]
        for row in rows:
            out.append([row["name"]] + [cell_text(row, tool, quantity) for tool in tools])
        if rows:
            out.append([f"geometric mean, {label}"] + [mean_cell(rows, tool, quantity) for tool in tools])
    return out


def wall_ms(results, tool, digits=1):
    cell = results.get(tool)
    return "-" if cell is None else milliseconds(cell["wall"], digits, "min") if cell["status"] == "ok" else cell["status"]


def other_rows(data, tools):
    """Single questions, answered by the least of the wall times: what is above it is other work of the machine. No small inputs."""
    by_name = {row["name"]: row["results"] for row in data["workloads"]}
    rows = [["start of /bin/true, ms"] + [wall_ms(data["startup"], tool) for tool in tools]]
    if "threads" in by_name:
        rows.append(["20 000 threads created and joined, ms"] + [wall_ms(by_name["threads"], tool, 0) for tool in tools])
    if "leave" in by_name and "leave-now" in by_name:
        rows.append(["exit with 1 million live blocks, ms"] + [
            pair_text(by_name["leave"].get(tool), by_name["leave-now"].get(tool), lambda a, b: f"{max(a - b, 0) / 1000:.0f}")
            for tool in tools])
    if "lifetimes" in by_name and "lifetimes-2" in by_name:
        rows.append(["wall time of two threads to one (lifetimes)"] + [
            pair_text(by_name["lifetimes-2"].get(tool), by_name["lifetimes"].get(tool), lambda a, b: f"{a / b:.2f}") for tool in tools])
    return rows


def pair_text(a, b, text_of):
    """Of the least wall times of two cells, or how the first one failed that did."""
    if not a or not b:
        return "-"
    if a["status"] != "ok" or b["status"] != "ok":
        return a["status"] if a["status"] != "ok" else b["status"]
    return text_of(a["wall"]["min"], b["wall"]["min"])


def cost_rows(data):
    """What each feature adds: default against the same without it. Per call: the middle one of the malloc-bound programs."""
    rows = []
    for name, tool in data["tools"].items():
        if not tool.get("costs") or "default" not in data["tools"]:
            continue
        cells = [tool["costs"]]
        for kind in ("real", "malloc"):
            for quantity in ("cpu", "rss"):
                values = [ratio(row, "default", quantity, name) for row in data["workloads"] if row["kind"] == kind]
                reached = [value for value in values if value]
                cells.append(f"{(geometric_mean(reached) - 1) * 100:+.0f} %" if reached else "-")
        each = [1000 * (row["results"]["default"]["cpu"]["median"] - row["results"][name]["cpu"]["median"]) / row["allocations"]
                for row in data["workloads"] if row["kind"] == "malloc" and row["allocations"] and ratio(row, "default", "cpu", name)]
        rows.append(cells + [f"{statistics.median(each):+.0f}" if each else "-"])
    head = ["what each costs, in percent of CPU or peak memory", "CPU, real", "memory, real", "CPU, malloc-bound", "memory, malloc-bound",
            "ns a call"]
    return [head] + rows if rows else []


def align(rows, last_left=False):
    """Columns of text: numbers to the right, the first column, and the last if it is text, to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = {0, len(widths) - 1} if last_left else {0}
    lines = []
    for row in rows:
        cells = (cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths)))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def plain_table(data):
    rows = [["plain", "CPU ms", "spread", "wall ms", "peak MiB", "faults", "calls, million", "ns a call", "what"]]
    for row in data["workloads"]:
        cell = row["results"].get("plain")
        if not cell or cell["status"] != "ok":
            continue
        cpu = cell["cpu"]
        calls = f"{row['allocations'] / 1e6:.2f}" if row["allocations"] else "-"
        each = f"{1000 * cpu['median'] / row['allocations']:.0f}" if row["allocations"] else "-"
        rows.append([row["name"], milliseconds(cpu), f"{(cpu['max'] - cpu['min']) / cpu['median'] * 100:.0f} %", milliseconds(cell["wall"]),
                     f"{cell['rss']['median'] / 1024:.1f}", f"{cell['faults']['median']:.0f}", calls, each, row["title"]])
    return align(rows, last_left=True)


def spread_lines(data, limit=0.10):
    """Medians whose runs lie so far apart that the last digits of a ratio mean nothing."""
    lines = []
    for row in data["workloads"]:
        for name, cell in row["results"].items():
            if cell["status"] == "ok" and (cell["cpu"]["max"] - cell["cpu"]["min"]) / cell["cpu"]["median"] > limit:
                cpu = cell["cpu"]
                lines.append(f"{row['name']} under {name}: {cpu['min'] / 1000:.0f} to {cpu['max'] / 1000:.0f} ms")
    return lines


def failure_lines(data):
    """Last words of what did not get through."""
    return [f"{row['name']} under {name}: {cell['status']}" + (f": {cell['complaint']}" if "complaint" in cell else "")
            for row in data["workloads"] for name, cell in row["results"].items() if cell["status"] != "ok"]


def column_tools(data):
    """All that are compared, without those they are compared with."""
    return [name for name in data["tools"] if not name.startswith("plain")]


def small_input_tools(data):
    return [name for name in column_tools(data)
            if any(row["results"].get(name, {}).get("against") == "plain-small" for row in data["workloads"])]


def text(data):
    tools = column_tools(data)
    blocks = [tools[i:i + COLUMNS_MAX] for i in range(0, len(tools), COLUMNS_MAX)]
    out = [plain_table(data)]
    for quantity, title in (("cpu", "CPU time"), ("wall", "wall time"), ("rss", "peak memory"), ("faults", "page faults")):
        for block in blocks:
            if any(row["kind"] != "other" for row in data["workloads"]):
                out.append(align([[title + ", ratio to plain"] + block] + ratio_rows(data, block, quantity)))
    for i, block in enumerate(blocks or [[]]):
        names = ["plain"] + block if i == 0 else block
        out.append(align([["others"] + names] + other_rows(data, names)))
    if cost_rows(data):
        out.append(align(cost_rows(data)))
    if spread_lines(data):
        out.append("runs more than 10 % apart (least and most CPU):\n  " + "\n  ".join(spread_lines(data)))
    out.append("\n".join(["tools:"] + [f"  {name}: {tool['title']}, {tool['runs']} run" + ("s" if tool["runs"] > 1 else "")
                                       for name, tool in data["tools"].items()]))
    if small_input_tools(data):
        out.append("On small inputs, so that their start counts for more (see others): " + ", ".join(small_input_tools(data)))
    if data["left_out"]:
        out.append("\n".join(["left out:"] + [f"  {name}: {why}" for name, why in data["left_out"].items()]))
    if failure_lines(data):
        out.append("Instead of a ratio: the signal that ended the program, its exit status, >N s for the time limit, output where it\n"
                   "printed something else than plain, report where malloc-debug reported an error.\n"
                   "An asterisk marks a mean over the survivors only.\n  " + "\n  ".join(failure_lines(data)))
    return "\n\n".join(out) + "\n"


def adoc_rows(rows):
    """Rows of a table; those of means are strong."""
    lines = []
    for row in rows:
        strong = row[0].startswith("geometric")
        lines.append("|" + " |".join(f"*{cell.replace('*', '^+^')}*" if strong and cell != "-" else cell for cell in row))
    return lines


def asciidoc(data):
    """Tables for CPU, memory, single questions and what each feature costs, and what the names stand for; made to be included."""
    tools = [name for name in column_tools(data) if not data["tools"][name].get("costs")]
    machine = data["machine"]
    small = small_input_tools(data)
    out = [f"Ratios to plain glibc, medians of {data['runs']} interleaved runs (slow tools: fewer) of `make bench` on an {machine['cpu']}",
           f"({machine['processors']} processors), glibc {machine['versions']['glibc'].split()[-1]}, gcc {machine['versions']['gcc'].split()[-1]}.",
           "A mean with ^+^ leaves out what did not get through. Instead of a ratio: a signal or exit status, `>N s` for the time limit,",
           "`output` where it printed something else, `report` where it reported an error.",
           *([f"{', '.join(small)}: on small inputs, compared with plain on these."] if small else []), ""]
    for quantity, title in (("cpu", "CPU time, ratio to plain glibc"), ("rss", "Peak memory, ratio to plain glibc")):
        out += [f".{title}", f"[%header,cols=\"<3,{len(tools)}*>1\"]", "|===", "| |" + " |".join(tools),
                *adoc_rows(ratio_rows(data, tools, quantity)), "|==="]
    out += [".Others", f"[%header,cols=\"<3,{len(tools) + 1}*>1\"]", "|===", "| |plain |" + " |".join(tools),
            *adoc_rows(other_rows(data, ["plain"] + tools)), "|==="]
    costs = cost_rows(data)
    if costs:
        out += [".What each feature costs: the defaults against the defaults without it", f"[%header,cols=\"<3,{len(costs[0]) - 1}*>1\"]",
                "|===", "| |" + " |".join(costs[0][1:]), *adoc_rows(costs[1:]), "|==="]
    out += ["", "Workloads: " + "; ".join(f"`{row['name']}`: {row['title']}" for row in data["workloads"]) + ".",
            "", "Tools: " + "; ".join(f"`{name}`: {data['tools'][name]['title']}" for name in tools) + "."]
    if data["left_out"]:
        out += ["", "Left out: " + "; ".join(f"`{name}`: {why}" for name, why in data["left_out"].items()) + "."]
    return "\n".join(out) + "\n\n"
