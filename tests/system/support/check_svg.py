# SPDX-License-Identifier: MIT
"""Checks a drawing of a map: check_svg.py FILE DATA: well-formed, with nothing in it that loads or runs, and it says what the first map in DATA says."""
import json
import re
import sys
import xml.etree.ElementTree

ELEMENTS = {"svg", "style", "title", "text", "rect", "path"}


def main():
    svg = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
    failures = []
    for element in svg.iter():
        if element.tag.removeprefix("{http://www.w3.org/2000/svg}") not in ELEMENTS:
            failures.append("element " + element.tag)
        failures += [f"attribute {name}" for name, value in element.attrib.items() if "href" in name or name.startswith("on") or "url(" in value]
    with open(sys.argv[2], encoding="utf-8", errors="replace") as file:
        heap_map = next(report for report in (json.loads(line) for line in file if '"type": "map"' in line or '"type":"map"' in line))
    texts = [element.text or "" for element in svg.iter() if element.tag.endswith("text")]
    heading = f"Heap of {heap_map['process']['program']} [{heap_map['process']['pid']}]: {heap_map['heap']['live_blocks']} live blocks"
    if not any(text.startswith(heading) for text in texts):
        failures.append("no heading: " + heading)
    zones = [re.search(r": (\d+) live, (\d+) held back", text) for text in texts if " zone 0x" in text]
    if [(int(zone[1]), int(zone[2])) for zone in zones] != [(zone["live"], zone["quarantined"]) for zone in heap_map["zones"]]:
        failures.append("other zones")
    drawn = 0
    for path in svg.iter("{http://www.w3.org/2000/svg}path"):
        for title in path:
            group = re.match(r"(\d+) blocks from", title.text)
            drawn += int(group[1]) if group else 1
    listed = sum(block.get("blocks", 1) for zone in heap_map["zones"] for block in zone["blocks"])
    if drawn != listed:
        failures.append(f"{drawn} blocks are drawn, of {listed}")
    print("\n".join(failures) if failures else f"drawing of {drawn} blocks")
    sys.exit(bool(failures))


main()
