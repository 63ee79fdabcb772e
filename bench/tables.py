# SPDX-License-Identifier: MIT
"""Results as text, AsciiDoc and JSON. A result is a dictionary as run.py makes it; ratios are of medians, to the first tool (plain)."""
import json
import math

COLUMNS_MAX = 8  # tools in one block of the text table


def ratio(row, tool, quantity):
    """Of this tool's median to plain's, or None if either did not get through."""
    cells = row["results"]
    plain, cell = cells.get("plain"), cells.get(tool)
    if not plain or not cell or plain["status"] != "ok" or cell["status"] != "ok" or not plain[quantity]["median"]:
        return None
    return cell[quantity]["median"] / plain[quantity]["median"]


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


def milliseconds(microseconds, digits=0):
    return f"{microseconds['median'] / 1000:.{digits}f}"


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


def startup_row(data, tools):
    texts = []
    for cell in (data["startup"].get(tool) for tool in tools):
        texts.append("-" if cell is None else milliseconds(cell["wall"], 1) if cell["status"] == "ok" else cell["status"])
    return ["start of /bin/true, ms", *texts]


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
    rows = [["plain", "CPU ms", "spread", "wall ms", "peak MiB", "faults", "calls, million", "what"]]
    for row in data["workloads"]:
        cell = row["results"].get("plain")
        if not cell or cell["status"] != "ok":
            continue
        cpu = cell["cpu"]
        calls = f"{row['allocations'] / 1e6:.2f}" if row["allocations"] else "-"
        rows.append([row["name"], milliseconds(cpu), f"{(cpu['max'] - cpu['min']) / cpu['median'] * 100:.0f} %", milliseconds(cell["wall"]),
                     f"{cell['rss']['median'] / 1024:.1f}", f"{cell['faults']['median']:.0f}", calls, row["title"]])
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


def threads_line(data):
    """What two threads lose: each does the work of the one, so wall time should stay."""
    rows = {row["name"]: row["results"] for row in data["workloads"]}
    if "lifetimes" not in rows or "lifetimes-2" not in rows:
        return ""
    parts = []
    for tool in data["tools"]:
        one, two = rows["lifetimes"].get(tool), rows["lifetimes-2"].get(tool)
        if one and two and one["status"] == two["status"] == "ok":
            parts.append(f"{tool} {two['wall']['median'] / one['wall']['median']:.2f}")
    return "wall time of two threads to that of one, the same work in each (lifetimes): " + ", ".join(parts)


def text(data):
    tools = [name for name in data["tools"] if name != "plain"]
    blocks = [tools[i:i + COLUMNS_MAX] for i in range(0, len(tools), COLUMNS_MAX)]
    out = [plain_table(data)]
    for quantity, title in (("cpu", "CPU time, ratio to plain"), ("rss", "peak memory, ratio to plain")):
        for block in blocks:
            rows = [[title] + block] + ratio_rows(data, block, quantity)
            out.append(align(rows + [startup_row(data, block)] if quantity == "cpu" else rows))
    plain_start = data["startup"].get("plain")
    if plain_start and plain_start["status"] == "ok":
        out.append(f"start of /bin/true, plain: {milliseconds(plain_start['wall'], 1)} ms")
    if threads_line(data):
        out.append(threads_line(data))
    if spread_lines(data):
        out.append("runs more than 10 % apart (least and most CPU):\n  " + "\n  ".join(spread_lines(data)))
    out.append("\n".join(["tools:"] + [f"  {name}: {tool['title']}, {tool['runs']} run" + ("s" if tool["runs"] > 1 else "")
                                       for name, tool in data["tools"].items()]))
    if data["left_out"]:
        out.append("\n".join(["left out:"] + [f"  {name}: {why}" for name, why in data["left_out"].items()]))
    if any(cell["status"] != "ok" for row in data["workloads"] for cell in row["results"].values()):
        out.append("Instead of a ratio: the signal that ended the program, its exit status, >N s for the time limit, output where it\n"
                   "printed something else than plain, report where malloc-debug reported an error.\n"
                   "An asterisk marks a mean over the survivors only.")
    return "\n\n".join(out) + "\n"


def asciidoc(data):
    """One table for CPU and one for memory; made to be included."""
    tools = [name for name in data["tools"] if name != "plain"]
    machine = data["machine"]
    out = [f"// Made by bench/run.py. {machine['cpu']}, {machine['processors']} processors, Linux {machine['versions']['kernel']}, "
           f"{machine['versions']['glibc']}, median of {data['runs']} runs (slow tools: fewer)."]
    for quantity, title in (("cpu", "CPU time, ratio to plain glibc"), ("rss", "Peak memory, ratio to plain glibc")):
        out.append(f".{title}\n[%header,cols=\"<3,{len(tools)}*>1\"]\n|===")
        out.append("| |" + " |".join(tools))
        for row in ratio_rows(data, tools, quantity):
            strong = row[0].startswith("geometric")
            out.append("|" + " |".join(f"*{cell.replace('*', '^+^')}*" if strong and cell != "-" else cell for cell in row))
        if quantity == "cpu":
            out.append("|" + " |".join(startup_row(data, tools)))
        out.append("|===")
    return "\n".join(out) + "\n"


def save(data, stem):
    with open(stem + ".json", "w") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    with open(stem + ".adoc", "w") as file:
        file.write(asciidoc(data))
