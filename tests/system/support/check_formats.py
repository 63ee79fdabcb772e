#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whether the reports of one run say the same in all formats.

Usage: check_formats.py FOLDER SCHEMAS...
FOLDER has text, json, sarif and asan, and html if it is there, all of one process, and asan-bare, of another one without names; SCHEMAS are
report.schema.json and sarif-2.1.0.json. Prints what differs; exit status 1 if something does.
       check_formats.py --merged FOLDER
The same for what malloc-debug report made of the same files: text, json, sarif and html.
       check_formats.py --json|--sarif SCHEMA FILE...
Prints how many reports there are in each file; exit status 1 if one is not as the schema wants it.
 AddressSanitizer's shape is taken apart with expressions that follow those of its parsers (asan_symbolize, ClusterFuzz, CASR), and by
asan_symbolize itself where it is installed.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import jsonschema

failures = []


def expect(condition, what, *values):
    if not condition:
        failures.append(what + "".join(f"\n    {value!r}" for value in values))


def same(what, *values):
    expect(all(value == values[0] for value in values), what + " differs", *values)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


FRAME = re.compile(r"^\s+#(\d+)\s+(0x[0-9a-f]+)(?:\s+in\s+(\S.*?))?\s+(?:([^(\s]\S*?)(?::(\d+))?(?::(\d+))?|\((\S+)\+(0x[0-9a-f]+)\))"
                   r"(?:\s+\(BuildId: ([0-9a-f]+)\))?$")


def stacks_in(text):
    """Each stack as [(address, function, file, line)], under the line before it."""
    stacks, heading = [], ""
    for line in text.splitlines():
        match = FRAME.match(line)
        if line.startswith("    #") and not match:
            failures.append(f"a frame that parsers do not understand: {line!r}")
        if not match:
            heading = line
            continue
        if match[1] == "0":
            stacks.append((heading, []))
        stacks[-1][1].append((match[2], match[3] or "", match[4] or "", int(match[5] or 0)))
    return stacks


def stack_of_json(stack):
    return [(frame["pc"], frame.get("function", ""), frame.get("file", ""), frame.get("line", 0)) for frame in stack or []]


def path_of_uri(uri):
    return uri[len("file://"):] if uri.startswith("file://") else uri


def stack_of_sarif(stack):
    frames = []
    for frame in stack["frames"]:
        place = frame["location"]["physicalLocation"]
        path = path_of_uri(place["artifactLocation"]["uri"]) if "artifactLocation" in place else ""
        names = frame["location"].get("logicalLocations", [{}])
        frames.append((hex(place["address"]["absoluteAddress"]), names[0].get("fullyQualifiedName", ""),
                       "" if path == frame.get("module") else path, place.get("region", {}).get("startLine", 0)))
    return frames


# --- text -------------------------------------------------------------------------

def parse_text(text):
    errors, leaks = [], {}
    for part in text.split("=" * 65 + "\n")[1:]:
        header = re.match(r"==(\d+)==ERROR: malloc-debug: (\S+)(?: \(.*? vs .*?\))?(?: on address (0x[0-9a-f]+))?", part)
        if "detected memory leaks" in part:
            leaks["pid"] = int(re.match(r"==(\d+)==", part)[1])
            leaks["groups"] = [(int(m[1]), int(m[2])) for m in re.finditer(r"^Direct leak of (\d+) bytes? in (\d+) blocks?", part, re.M)]
            leaks["stacks"] = [stack for heading, stack in stacks_in(part) if heading.startswith("Direct leak of")]
            leaks["total"] = tuple(map(int, re.search(r"^SUMMARY: malloc-debug: (\d+) byte\(s\) leaked in (\d+) allocation\(s\)", part, re.M).groups()))
            continue
        block = re.search(r"the (\d+)-byte block \[(0x[0-9a-f]+),(0x[0-9a-f]+)\)", part)
        error = {"pid": int(header[1]), "kind": header[2], "address": header[3], "site": re.search(r"^SUMMARY: malloc-debug: \S+ (.*)$", part, re.M)[1]}
        if block:
            error["block"] = (block[2], int(block[1]))
        for heading, stack in stacks_in(part):
            name = ("freed" if re.match(r"(first )?freed by \S+ in thread .* after start, here:", heading)
                    else "allocated" if re.match(r"(previously )?allocated by ", heading)
                    else "created" if heading.startswith("Thread ") else "call")
            if name == "freed" and "Found when the block was freed: " in part and "call" not in error:
                name = "call"
            error.setdefault(name, stack)
        errors.append(error)
    return errors, leaks


# --- AddressSanitizer's shape ----------------------------------------------------------

ASAN_NAMES = {"attempting double-free": "double-free", "attempting free": "bad-free"}


def parse_asan(text):
    errors, leaks = [], {}
    for part in text.split("=" * 65 + "\n")[1:]:
        header = re.match(r"==(\d+)==ERROR: (AddressSanitizer|LeakSanitizer): (.*)", part)
        expect(header, "no header in AddressSanitizer's shape", part[:200])
        if header[2] == "LeakSanitizer":
            leaks["pid"] = int(header[1])
            leaks["groups"] = [(int(m[1]), int(m[2])) for m in
                               re.finditer(r"^(?:Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object\(s\) allocated from:$", part, re.M)]
            leaks["stacks"] = [stack for _, stack in stacks_in(part)]
            leaks["total"] = tuple(map(int, re.search(r"^SUMMARY: AddressSanitizer: (\d+) byte\(s\) leaked in (\d+) allocation\(s\)\.$", part, re.M).groups()))
            continue
        kind = next((name for words, name in ASAN_NAMES.items() if header[3].startswith(words)), header[3].split()[0])
        error = {"pid": int(header[1]), "kind": kind, "address": re.search(r"0x[0-9a-f]+", header[3])[0]}
        summary = re.search(r"^SUMMARY: AddressSanitizer: (\S+) (?:(\S+?):(\d+)(?::\d+)?|\((\S+)\+0x[0-9a-f]+\))(?: in (.*))?$", part, re.M)
        expect(summary and summary[1] == kind, "SUMMARY line", kind, part[-300:])
        if " on address 0x" in header[3]:
            expect(re.search(r" on address 0x[0-9a-f]{12} at pc 0x[0-9a-f]{12} bp 0x[0-9a-f]{12} sp 0x[0-9a-f]{12}$", header[3]), "first line", header[3])
            expect(re.search(r"^(READ|WRITE) of size \d+ at 0x[0-9a-f]+ thread T\d+\n    #0 ", part, re.M), "no line of the access before its stack", part)
        else:
            expect(re.search(r"in thread T\d+:\n    #0 ", part), "no thread before the stack", part[:300])
        region = re.search(r"^(0x[0-9a-f]+) is located (\d+) bytes (inside of|after|before) (\d+)-byte region \[(0x[0-9a-f]+),(0x[0-9a-f]+)\)$", part, re.M)
        if region:
            begin, end, at = int(region[5], 16), int(region[6], 16), int(region[1], 16)
            error["block"] = (region[5], int(region[4]))
            same("size of the region", end - begin, int(region[4]))
            same("distance to the region", {"inside of": at - begin, "after": at - end, "before": begin - at}[region[3]], int(region[2]))
        for heading, stack in stacks_in(part):
            name = ("freed" if re.match(r"freed by thread T\d+( \(.*\))? here:$", heading)
                    else "allocated" if re.match(r"(previously )?allocated by thread T\d+( \(.*\))? here:$", heading)
                    else "created" if re.match(r"Thread T\d+( \(.*\))? created by T\d+ here:$", heading) else "call")
            error.setdefault(name, stack)
        if "the first stack is that of the allocation." in part:
            same("the stack in place of the access", error.pop("call"), error["allocated"])
        errors.append(error)
    return errors, leaks


def of_program(text):
    """The frames that are the test program's, by function, file and line."""
    return [(function, file.rsplit("/", 1)[-1], line) for _, stack in stacks_in(text) for _, function, file, line in stack if file.endswith("/formats.c")]


def check_asan_symbolize(folder):
    """It finds names in a log without: those that we found."""
    tool = shutil.which("asan_symbolize") or shutil.which("asan_symbolize-14")
    if not tool:
        print("check_formats: asan_symbolize is not installed: its own reading of the frames is not compared")
        return
    with open(folder + "/asan-bare", encoding="utf-8") as log:
        out = subprocess.run([tool, "-d"], stdin=log, capture_output=True, text=True, timeout=100, check=False)
    expect(of_program(out.stdout), "asan_symbolize found no names", out.stdout[:500], out.stderr[:500])
    same("what asan_symbolize finds", of_program(out.stdout), of_program(read(folder + "/asan")))


# --- JSON and SARIF -------------------------------------------------------------------------

def parse_json(text, schema):
    validator = jsonschema.Draft7Validator(schema)
    reports = [json.loads(line) for line in text.splitlines()]
    for report in reports:
        for error in validator.iter_errors(report):
            failures.append(f"JSON against the schema: {error.message[:300]} at {list(error.absolute_path)}")
    return reports


def error_of_json(report):
    block = report.get("block")
    error = {"pid": report["process"]["pid"], "kind": report["error"], "address": report.get("address"), "site": report["site"]}
    if block:
        error["block"] = (block["address"], block["bytes"])
        same("offset in the block", block["offset"], int(report["address"], 16) - int(block["address"], 16))
        error["allocated"] = stack_of_json(block["allocated"].get("stack"))
        if "freed" in block:
            error["freed"] = stack_of_json(block["freed"].get("stack"))
    if "stack" in report["call"]:
        error["call"] = stack_of_json(report["call"]["stack"])
    for thread in report["threads"]:
        if "created" in thread:
            error["created"] = stack_of_json(thread["created"])
    return error


def error_of_sarif(result, rules):
    more = result["properties"]
    same("rule of a result", rules[result["ruleIndex"]]["id"], result["ruleId"])
    error = {"pid": more["pid"], "kind": result["ruleId"], "address": more.get("address")}
    if "block" in more:
        error["block"] = (more["block"], more["block_bytes"])
    for stack in result["stacks"]:
        text = stack["message"]["text"]
        name = "allocated" if text.startswith("allocated") else "freed" if text.startswith("freed") else "call"
        error[name] = stack_of_sarif(stack)
    steps = [step for flow in result["codeFlows"] for thread in flow["threadFlows"] for step in thread["locations"]]
    same("steps of the code flow", len(steps), len(result["stacks"]))
    return error


def parse_sarif(text, schema):
    sarif = json.loads(text)
    for error in jsonschema.Draft4Validator(schema).iter_errors(sarif):
        failures.append(f"SARIF against the schema: {error.message[:300]} at {list(error.absolute_path)}")
    return sarif


def reports_in_page(page):
    """The data that the page shows: JSON lines in elements of their own, which may stand in several."""
    data = re.findall(r'<script type="application/x-ndjson"[^>]*>(.*?)</script>', page, re.S)
    return [json.loads(line) for part in data for line in part.splitlines() if line.strip()]


def check_page(folder, reports):
    """A page has in it what the lines of JSON say, member by member."""
    if not os.path.exists(folder + "/html"):
        return
    shown = reports_in_page(read(folder + "/html"))
    same("number of reports in the page", len(shown), len(reports))
    for inside, outside in zip(shown, reports):
        for key in sorted(set(inside) | set(outside)):
            same(f"{key} in the page", inside.get(key), outside.get(key))


def bugs_of_json(reports):
    """{fingerprint: (name, reports, site or bytes)}; of leaks and growth, the processes that have them."""
    bugs = {}
    for report in reports:
        if report["type"] == "error":
            bugs[report["fingerprint"]] = (report["error"], report["merged"]["reports"], report["site"])
        for group in report.get("groups", []):
            bugs[group["fingerprint"]] = (group["kind"] + "-leak", group["merged"]["reports"], group["bytes"])
    return bugs


def bugs_of_sarif(results):
    bugs = {}
    for result in results:
        more = result["properties"]
        place = result["locations"][0]
        path = path_of_uri(place["physicalLocation"]["artifactLocation"]["uri"])
        site = f"{path}:{place['physicalLocation']['region']['startLine']} in {place['logicalLocations'][0]['fullyQualifiedName']}"
        name = result["ruleId"]
        bugs[result["partialFingerprints"]["mallocDebug/v1"]] = (name, result["occurrenceCount"], more["bytes"] if "leak" in name else site)
    return bugs


def bugs_of_text(text):
    digits = dict(re.findall(r"^\[(\d+)\] .*\(fingerprint ([0-9a-f]{16})\)$", text, re.M))
    bugs = {}
    for row in re.finditer(r"^\[(\d+)\]\s+(\d+)\s+\d+\s+\S+ \S+ UTC\s+(\S+)\s+(?:(\d+) bytes in \d+ blocks?, )?(.*)$", text, re.M):
        bugs[digits[row[1]]] = (row[3], int(row[2]), int(row[4]) if row[4] else row[5])
    return bugs


def merged():
    folder = sys.argv[2]
    reports = [json.loads(line) for line in read(folder + "/json").splitlines()]
    bugs = bugs_of_json(reports)
    expect(bugs, "there is no bug to compare")
    for key in bugs:
        same(f"bug {key}", bugs[key], bugs_of_json(reports_in_page(read(folder + "/html"))).get(key),
             bugs_of_sarif(json.loads(read(folder + "/sarif"))["runs"][0]["results"]).get(key), bugs_of_text(read(folder + "/text")).get(key))
    same("number of bugs", len(bugs), len(bugs_of_json(reports_in_page(read(folder + "/html")))),
         len(json.loads(read(folder + "/sarif"))["runs"][0]["results"]), len(bugs_of_text(read(folder + "/text"))))
    print("check_formats: compared", len(bugs), "bugs")
    finish()


def finish():
    for failure in failures:
        print("check_formats:", failure)
    sys.exit(1 if failures else 0)


def count():
    schema = json.loads(read(sys.argv[2]))
    for path in sys.argv[3:]:
        text = read(path)
        print(len(parse_json(text, schema)) if sys.argv[1] == "--json" else len(parse_sarif(text, schema)["runs"][0]["results"]))
    finish()


def main():
    if sys.argv[1] == "--merged":
        merged()
    if sys.argv[1].startswith("--"):
        count()
    folder, report_schema, sarif_schema = sys.argv[1:4]
    reports = parse_json(read(folder + "/json"), json.loads(read(report_schema)))
    sarif = parse_sarif(read(folder + "/sarif"), json.loads(read(sarif_schema)))
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    results = sarif["runs"][0]["results"]
    text_errors, text_leaks = parse_text(read(folder + "/text"))
    asan_errors, asan_leaks = parse_asan(read(folder + "/asan"))
    check_asan_symbolize(folder)
    check_page(folder, reports)

    json_errors = [error_of_json(report) for report in reports if report["type"] == "error"]
    sarif_errors = [error_of_sarif(result, rules) for result in results if "leak" not in result["ruleId"]]
    same("number of errors", len(text_errors), len(json_errors), len(sarif_errors), len(asan_errors))
    expect(text_errors, "there is no error to compare")
    for text, parsed, result, asan in zip(text_errors, json_errors, sarif_errors, asan_errors):
        for key in ("pid", "kind", "address", "block", "call", "allocated", "freed"):
            same(f"{key} of {text['kind']}", text.get(key), parsed.get(key), result.get(key), asan.get(key))
        same(f"creation of a thread in {text['kind']}", text.get("created"), parsed.get("created"), asan.get("created"))
        expect(text["site"].startswith(parsed["site"]), "site", text["site"], parsed["site"])
    errors = [report for report in reports if report["type"] == "error"]
    same("fingerprints", [report["fingerprint"] for report in errors],
         [result["partialFingerprints"]["mallocDebug/v1"] for result in results if "leak" not in result["ruleId"]])

    leaks = [report for report in reports if report["type"] == "leaks"]
    leak_results = [result for result in results if "leak" in result["ruleId"]]
    if leaks or text_leaks:
        same("number of reports of leaks", len(leaks), 1)
        groups, totals = leaks[0]["groups"], leaks[0]["totals"]
        same("groups of leaks", text_leaks["groups"], asan_leaks["groups"], [(group["bytes"], group["blocks"]) for group in groups],
             [(result["properties"]["bytes"], result["properties"]["blocks"]) for result in leak_results])
        same("stacks of leaks", text_leaks["stacks"], asan_leaks["stacks"], [stack_of_json(group.get("stack")) for group in groups],
             [stack_of_sarif(result["stacks"][0]) for result in leak_results])
        same("what leaked in all", text_leaks["total"], asan_leaks["total"],
             (totals["direct"]["bytes"] + totals["indirect"]["bytes"], totals["direct"]["blocks"] + totals["indirect"]["blocks"]))
        same("fingerprints of leaks", [group["fingerprint"] for group in groups],
             [result["partialFingerprints"]["mallocDebug/v1"] for result in leak_results])
    print("check_formats: compared", len(text_errors), "errors and", len(leak_results), "groups of leaks")
    print("fingerprints", *[result["partialFingerprints"]["mallocDebug/v1"] for result in results])
    finish()


main()
