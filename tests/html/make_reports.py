# SPDX-License-Identifier: MIT
"""Makes reports as the library writes them, for tests of the page: make_reports.py COUNT FILE: that many errors, of 40 different bugs in 100 processes, and one each
of the other types. Names in them try to be markup and code."""
import json
import random
import sys

random.seed(7)
HOSTILE = ["</script><script>window.hurt=1</script>", "<img src=x onerror=window.hurt=2>", "--><svg onload=window.hurt=3>", "std::map<int, std::vector<char> >::find",
           "\"'\\&lt;{{data}}", "${window.hurt=4}`", "__proto__", "\u2028line\u2029", "{{style.css}}"]
KINDS = [("heap-buffer-overflow", "write after the end of a block"), ("heap-use-after-free", "access to a freed block"), ("double-free", "a block was freed twice"),
         ("bad-free", "free of what is no block"), ("null-access", "access to the null page")]


def frames(bug):
    names = [f"function_{bug}", f"caller_{bug % 7}", HOSTILE[bug % len(HOSTILE)], "main"]
    stack = [{"pc": hex(0x555500000000 + bug * 64 + i), "module": "/srv/<b>app</b>" if i == 2 else "/srv/app", "offset": hex(bug * 64 + i), "build_id": "ab" * 20, "function": name,
              "file": f"src/file_{bug % 11}.c" if i != 2 else "<script>.c", "line": bug + i + 1, "column": 3} for i, name in enumerate(names)]
    return stack + [{"pc": "0x7f0000027249", "module": "/lib/x86_64-linux-gnu/libc.so.6", "offset": "0x27249", "function": "__libc_start_main"}]


def head(kind, number):
    return {"version": 1, "type": kind, "tool": "malloc-debug 0.1.0",
            "process": {"pid": 1000 + number % 100, "program": f"/srv/<b>&\"program{number % 5}", "host": f"host{number % 3}", "started": 1700000000.5 + number % 100, "seconds": 1.5 + number * 0.01}}


def error(number):
    bug = random.randrange(40)
    kind, title = KINDS[bug % 5]
    address = 0x7f0000001010 + number * 64
    data = bytes(random.randrange(256) for _ in range(96))
    return head("error", number) | {
        "number": 1, "fingerprint": f"{bug + 1:016x}", "error": kind, "title": title, "hint": "look at the size", "role": "call", "site": f"file_{bug % 11}.c:{bug + 1} in function_{bug}", "noticed": "access",
        "address": hex(address + 24), "place": "redzone", "access": {"kind": "write", "address": hex(address + 24), "bytes": 1, "pc": "0x555500001000"},
        "call": {"thread": 0, "is_mistake": True, "stack": frames(bug)},
        "block": {"address": hex(address), "bytes": 24, "offset": 24, "state": "quarantined" if bug % 5 in (1, 2) else "live", "redzone_begin": hex(address - 16), "redzone_rear": hex(address + 24), "redzone_end": hex(address + 48),
                  "allocated": {"function": "malloc", "thread": 0, "seconds": 0.9, "stack": frames(bug + 1)}}
        | ({"freed": {"function": "free", "thread": 1, "seconds": 1.2, "stack": frames(bug + 2)}} if bug % 5 in (1, 2) else {}),
        "damage": {"begin": hex(address + 24), "end": hex(address + 26), "bytes": 2}, "threads": [{"id": 1, "tid": 77, "name": HOSTILE[number % len(HOSTILE)], "alive": True, "creator": 0, "created": frames(3)}],
        "memory": {"begin": hex(address - 16), "data": data.hex(), "expected": ("00" * 40 + "8b" * 56), "marks": "r" * 16 + "u" * 24 + "RR" + "r" * 14 + "f" * 24 + "e" * 8 + "." * 8},
        "history": {"total": 2, "events": [{"seconds": 0.1, "kind": "alloc", "function": "malloc", "address": hex(address), "bytes": 20, "thread": 0, "stack": frames(4)},
                                           {"seconds": 0.4, "kind": "free", "function": "free", "address": hex(address), "bytes": 20, "thread": 0, "stack": frames(5)}]}}


def numbered(count):
    table, stacks = [], []
    for bug in range(count):
        stacks.append({"id": 100 + bug, "frames": list(range(len(table), len(table) + 5))})
        table += frames(bug)
    return {"frames": table, "stacks": stacks}


def heap_map(number, zones):
    listed, at = [], 0x7f0000000000
    for zone in range(zones):
        slot = 48 << zone % 6
        slots = 65536 // slot - 1
        blocks = []
        for i in range(slots):
            roll = random.random()
            if roll < 0.8:
                blocks.append({"address": hex(at + 16 + i * slot), "bytes": slot - 16 - i % 9, "state": "live" if roll < 0.6 else "quarantined", "stack": 100 + (i // 20 + zone) % 30, "thread": 0, "seconds": round(i * 0.001, 6)}
                              | ({"damaged": True} if i == 5 else {}) | ({"free_stack": 101} if roll >= 0.6 else {}))
        listed.append({"begin": hex(at), "end": hex(at + 65536), "kind": "tiny", "first_slot": hex(at + 16), "slot_bytes": slot, "slots": slots, "live": sum(b["state"] == "live" for b in blocks), "live_bytes": sum(b["bytes"] for b in blocks if b["state"] == "live"),
                       "quarantined": sum(b["state"] != "live" for b in blocks), "cached": 0, "free": slots - len(blocks), "untouched": 0, "blocks": blocks})
        at += 65536 * (1 + zone % 2)
    live = [block for zone in listed for block in zone["blocks"] if block["state"] == "live"]
    sizes = {}
    for block in live:
        size = sizes.setdefault(1 << block["bytes"].bit_length() >> 1, [0, 0])
        size[0] += 1
        size[1] += block["bytes"]
    table = numbered(40)
    for stack in table["stacks"]:
        held = [block["bytes"] for block in live if block["stack"] == stack["id"]]
        if held:
            stack |= {"live_blocks": len(held), "live_bytes": sum(held)}
    return head("map", number) | {"heap": {"live_blocks": sum(z["live"] for z in listed), "live_bytes": sum(z["live_bytes"] for z in listed), "quarantined_bytes": 1000, "mapped_bytes": zones * 65536}, "zones": listed,
                                  "free_runs": [{"begin": hex(at + 65536), "end": hex(at + 131072), "kept": True}],
                                  "sizes": [{"least": least, "blocks": blocks, "bytes": total} for least, (blocks, total) in sorted(sizes.items())]} | table


def history(number, count):
    events = [{"seconds": round(i * 0.0004, 6), "kind": "free" if i % 3 == 2 else "alloc", "function": "free" if i % 3 == 2 else "malloc", "address": hex(0x7f0000001010 + i // 3 * 64), "bytes": i % 999, "thread": i % 4, "stack": 100 + i % 40} for i in range(count)]
    return head("history", number) | {"total": count + 5, "events": events} | numbered(40)


def main():
    count = int(sys.argv[1])
    lines = [error(i) for i in range(count)]
    lines.append(head("leaks", 1) | {"when": "exit", "totals": {}, "groups_total": 1, "suppressed": {"blocks": 0, "bytes": 0}, "groups": [
        {"kind": "direct", "fingerprint": "f" * 16, "blocks": 3, "bytes": 300, "function": "malloc", "thread": 0, "stack": frames(9), "sample": {"address": "0x7f0000001010", "bytes": 100, "data": "41" * 32}}]})
    lines.append(head("growth", 2) | {"snapshots": [{"id": i, "seconds": i * 1.0, "blocks": i * 10, "bytes": i * 1000 + 5000} for i in range(1, 9)], "stacks_total": 3, "rise": 9000, "stacks": [
        {"fingerprint": f"{k:016x}", "rise": 7000 - k * 1000, "snapshots": [{"blocks": i, "bytes": i * (1000 - k * 140)} for i in range(1, 9)], "stack": frames(k + 20)} for k in range(3)]})
    lines.append(head("statistics", 3) | {"counters": {"allocations": 5}, "heap": {"live_blocks": 1}})
    lines.append(head("message", 4) | {"text": "a note " + HOSTILE[0]})
    lines += [heap_map(5, 24), heap_map(105, 30), history(6, 3000)]
    lines.append({"version": 1, "type": "constructor"})  # no type of ours
    lines.append({"version": 1, "type": "error", "process": 7, "block": [], "call": {"stack": "none"}, "memory": {"begin": "x", "data": 5}, "history": {"events": 3}, "threads": {}})
    with open(sys.argv[2], "wb") as file:
        for line in lines:
            file.write(json.dumps(line).encode() + b"\n")
        file.write(b"no JSON at all <b>\n")
        file.write(b'{"version":1,"type":"message","process":{"pid":8},"text":"bytes \xff\xfe\xc0\x80\xed\xa0\x80 that are no text"}\n')
        file.write(b'{"version":1,"type":"error", cut off\n')


main()
