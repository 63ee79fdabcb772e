# SPDX-License-Identifier: MIT
"""Checks maps and histories as JSON: against the schema, and in themselves.

check_pictures.py SCHEMA FILE LIVE BLOCKS_MAX: the last map and the last history of FILE. LIVE: live blocks of make_one and make_other in
the map (-1: any). BLOCKS_MAX: most elements that the map may list beyond one for each zone (0: no limit; it is not grouped).
Prints what is wrong and ends with 1, or a line of what there was.
"""
import json
import sys

import jsonschema

failures = []


def expect(condition, *what):
    if not condition:
        failures.append(" ".join(str(value) for value in what))


def check_stacks(report, users):
    stacks = {stack["id"]: stack["frames"] for stack in report["stacks"]}
    expect(len(stacks) == len(report["stacks"]), "a stack is there twice")
    for user in users:
        for key in ("stack", "free_stack"):
            if key in user:
                expect(user[key] in stacks, "no such stack:", user)
    for frames in stacks.values():
        expect(all(place < len(report["frames"]) for place in frames), "no such frame:", frames)
    keys = [json.dumps(frame) for frame in report["frames"]]
    expect(len(keys) - len(set(keys)) < len(keys) / 10, "frames are there repeatedly")  # two calls inlined at one place may look alike
    return {number: [report["frames"][place].get("function") for place in frames] for number, frames in stacks.items()}


def check_map(report, live, blocks_max):
    blocks = [block for zone in report["zones"] for block in zone["blocks"]]
    stacks = check_stacks(report, blocks)
    previous_end, listed = 0, 0
    for place in sorted(report["zones"] + report["free_runs"], key=lambda place: int(place["begin"], 16)):
        expect(int(place["begin"], 16) >= previous_end, "ranges overlap", place["begin"])
        previous_end = int(place["end"], 16)
    for zone in report["zones"]:
        at, used = int(zone["begin"], 16), 0
        for block in zone["blocks"]:
            expect(at <= int(block["address"], 16) and int(block.get("end", block["address"]), 16) <= int(zone["end"], 16), "block out of its place", block)
            at = int(block.get("end", block["address"]), 16) + 1
            used += block.get("blocks", 1)
        expect(used == zone["live"] + zone["quarantined"], "blocks of a zone", used, zone["live"], zone["quarantined"], zone["begin"])
        listed += used
    expect(listed == report["heap"]["live_blocks"] + report["heap"]["quarantined_blocks"], "blocks in all", listed, report["heap"])
    # Of grouped blocks, too, each one is counted by size and by stack.
    heap, sums = report["heap"], {key: [sum(row.get(prefix + key, 0) for row in report[of]) for of, prefix in (("sizes", ""), ("stacks", "live_"))] for key in ("blocks", "bytes")}
    expect(sums == {"blocks": [heap["live_blocks"]] * 2, "bytes": [heap["live_bytes"]] * 2}, "sums by size and by stack", sums, heap)
    for row in report["sizes"]:
        least = row["least"]
        expect(least & (least - 1) == 0 and row["blocks"] * least <= row["bytes"] <= row["blocks"] * max(0, 2 * least - 1), "no such sizes:", row)
    expect("truncated" not in report, "it is truncated")
    if blocks_max:
        expect(report.get("grouped") is True and len(blocks) <= blocks_max + len(report["zones"]), len(blocks), "elements, of at most", blocks_max)
    else:
        expect("grouped" not in report and len(blocks) == listed, "blocks are put together")
    if live >= 0:
        ours = [block for block in blocks if any(name in stacks.get(block.get("stack"), []) for name in ("make_one", "make_other"))]
        found = sum(block.get("blocks", 1) for block in ours if block["state"] == "live")
        expect(found == live, found, "live blocks of the program's in place of", live)
    return len(blocks)


def check_history(report):
    check_stacks(report, report["events"])
    times = [event["seconds"] for event in report["events"]]
    expect(times == sorted(times), "events are not in order")
    expect(report["total"] >= len(times), "more events than there are")
    return len(times)


def main():
    schema, path, live, blocks_max = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with open(schema, encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    with open(path, encoding="utf-8") as file:
        reports = [json.loads(line) for line in file if line.startswith("{")]
    for report in reports:
        for error in validator.iter_errors(report):
            # oneOf repeats the whole report; what is wrong stands below it
            where = min((inner for inner in error.context if list(inner.schema_path)[0] == 6 + (report["type"] == "history")), key=lambda e: -len(e.absolute_path), default=error)
            failures.append(f"schema: {where.message[:300]} at {list(where.absolute_path)}")
    latest = {report["type"]: report for report in reports}
    blocks = check_map(latest["map"], live, blocks_max) if "map" in latest else 0
    events = check_history(latest["history"]) if "history" in latest else 0
    if failures:
        print("\n".join(failures[:20]))
        sys.exit(1)
    print("map", blocks, "history", events)


main()
