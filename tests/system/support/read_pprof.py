#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a profile (profile.proto, gzipped) as its description says and nothing more, and prints it: types, sums, stacks, modules.
Ends with status 1 and a sentence where the file is not one, or refers to what is not in it."""
import gzip
import sys


class Bad(Exception):
    pass


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Bad("a number does not end")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            if at + value > len(data):
                raise Bad("a message is longer than what it is in")
            value, at = data[at:at + value], at + value
        elif key & 7 != 0:
            raise Bad(f"wire type {key & 7}")
        yield key >> 3, value


def message(data):
    """Fields that occur once."""
    found = {}
    for field, value in fields(data):
        if field in found:
            raise Bad(f"field {field} twice")
        found[field] = value
    return found


def packed(data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def main():
    with gzip.open(sys.argv[1]) as file:
        top = list(fields(file.read()))
    strings = [value.decode("utf-8") for field, value in top if field == 6]
    if not strings or strings[0]:
        raise Bad("the first string is not empty")
    types = ["/".join(strings[number] for number in message(value).values()) for field, value in top if field == 1]
    functions, mappings, locations = {}, {}, {}
    for field, value in top:
        if field == 5:
            one = message(value)
            if one[1] in functions:
                raise Bad(f"function {one[1]} twice")
            functions[one[1]] = strings[one[2]]
        elif field == 3:
            one = message(value)
            if one[1] in mappings:
                raise Bad(f"mapping {one[1]} twice")
            mappings[one[1]] = one
    for field, value in top:
        if field != 4:
            continue
        parts = list(fields(value))
        one = {number: part for number, part in parts if number != 4}
        lines = [functions[message(part)[1]] for number, part in parts if number == 4]
        if one[1] in locations:
            raise Bad(f"location {one[1]} twice")
        if 2 in one and not mappings[one[2]][2] <= one[3] < mappings[one[2]][3]:
            raise Bad(f"address {one[3]:#x} is not in its mapping")
        locations[one[1]] = lines or ["?"]
    sums = [0] * len(types)
    print("types", *types)
    print("default", *(strings[value] for field, value in top if field == 14))
    for field, value in top:
        if field != 2:
            continue
        one = message(value)
        values = packed(one[2])
        if len(values) != len(types):
            raise Bad("a sample with other values than types")
        if len(values) == 4 and (values[2] > values[0] or values[3] > values[1]):
            raise Bad(f"more is live than was allocated: {values}")
        sums = [a + b for a, b in zip(sums, values)]
        names = [name for number in packed(one.get(1, b"")) for name in locations[number]]
        print("stack", ";".join(reversed(names)) or "(none)", *values)
    print("sums", *sums)
    for one in mappings.values():
        print("module", strings[one.get(5, 0)], strings[one.get(6, 0)] or "-", "named" if 7 in one else "unnamed")
    if any(field == 9 and value < 10 ** 18 for field, value in top):
        raise Bad("not taken in this century")


try:
    main()
except (Bad, KeyError, IndexError, OSError, EOFError, UnicodeDecodeError) as error:
    sys.exit(f"{sys.argv[1]}: {type(error).__name__}: {error}")
