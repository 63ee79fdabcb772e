# SPDX-License-Identifier: MIT
# Objects, as many as the argument says, to JSON text and back, with a change in between.
import json
import sys

records = [{"id": n, "name": "record %d" % n, "tags": ["t%d" % (n % k) for k in range(1, 8)], "size": {"w": n * 1.5, "h": n % 7}}
           for n in range(int(sys.argv[1]))]
for turn in range(3):
    text = json.dumps(records, sort_keys=True, indent=turn or None)
    records = json.loads(text)
    for record in records:
        record["tags"].append("turn %d" % turn)
print(len(text), sum(len(record["tags"]) for record in records))
