# SPDX-License-Identifier: MIT
"""gdb commands for programs under malloc-debug, on a live process or on a core file.

gdb loads this file by itself where it lies beside the library as LIBRARY-gdb.py and the folder is on its auto-load safe-path; otherwise
`source` it. See malloc-debug-gdb(7), or `help malloc-debug`.

All is read from memory by way of the library's exported object malloc_debug_layout (runtime/layout_export.h): neither its debug information
nor any code of the process is needed, and nothing in the process is changed. Only the word `call` after check and leaks runs a function in
it.
"""

import bisect
import re
import struct
import time

import gdb

LAYOUT_MAGIC = b"MDLAYOUT"
LAYOUT_VERSION = 1
PAGE = 4096
EVENT_SHIFT = 48
EVENT_MASK = (1 << EVENT_SHIFT) - 1
FORMATS = {1: "B", 2: "<H", 4: "<I", 8: "<Q"}


def unpack(data, offset, size):
    """The unsigned number of so many bytes at an offset."""
    return struct.unpack_from(FORMATS[size], data, offset)[0]


def plural(count, word):
    return "%d %s%s" % (count, word, "" if count == 1 else "s")


class Memory:
    """Memory of the process. What a core file lacks of the history file's mapping is read from that file."""

    def __init__(self):
        self.inferior = gdb.selected_inferior()
        self.areas = []
        self.path = None
        self.pages = {}

    def read_now(self, address, count):
        try:
            return bytes(self.inferior.read_memory(address, count))
        except (gdb.MemoryError, OverflowError):
            return self.read_file(address, count)

    def read_file(self, address, count):
        for begin, size, offset in self.areas:
            if begin <= address and address + count <= begin + size:
                try:
                    with open(self.path, "rb") as file:
                        file.seek(offset + address - begin)
                        data = file.read(count)
                except OSError:
                    break
                if len(data) == count:
                    return data
        raise gdb.MemoryError("0x%x cannot be read" % address)

    def read(self, address, count):
        """Bytes; small ones through a cache of pages."""
        page = address - address % PAGE
        if address + count > page + PAGE:
            return self.read_now(address, count)
        if page not in self.pages:
            try:
                self.pages[page] = self.read_now(page, PAGE)
            except gdb.MemoryError:
                return self.read_now(address, count)
        return self.pages[page][address - page : address - page + count]

    def readable(self, address, count):
        """As many of the bytes as can be read."""
        try:
            return self.read_now(address, count)
        except gdb.MemoryError:
            pass
        parts = []
        while count > 0:
            step = min(count, PAGE - address % PAGE)
            try:
                parts.append(self.read(address, step))
            except gdb.MemoryError:
                break
            address += step
            count -= step
        return b"".join(parts)


class View:
    """A struct of the library, by the names of its members."""

    def __init__(self, library, name, address, data=None):
        self.library = library
        self.name = name
        self.address = address
        self.data = data

    def __getitem__(self, member):
        offset, size = self.library.member(self.name, member)
        if self.data is not None:
            return unpack(self.data, offset, size)
        return unpack(self.library.memory.read(self.address + offset, size), 0, size)

    def place(self, member):
        return self.address + self.library.member(self.name, member)[0]

    def bytes_of(self, member):
        offset, size = self.library.member(self.name, member)
        return self.library.memory.read(self.address + offset, size)


class Library:
    """The library in this process. A new one for each command: the process may have run meanwhile."""

    def __init__(self):
        try:
            at = int(gdb.parse_and_eval("(unsigned long)&malloc_debug_layout"))
        except gdb.error:
            raise gdb.GdbError("malloc-debug is not in this program (no symbol malloc_debug_layout): was it started under it?")
        self.memory = Memory()
        try:
            self.read_rows(at)
        except gdb.MemoryError:
            raise gdb.GdbError("the library's memory cannot be read: is the program running, or the core file cut?")
        self.process = View(self, "process", self.rows["at.process"][0])
        self.heap = View(self, "heap", self.process.place("heap"))
        self.map = View(self, "map", self.heap.place("map"))
        self.store = View(self, "store", self.heap["stacks"])
        self.leaves = {}
        self.zones = {}
        self.read_areas()
        if self.names("mode").get(self.process["mode"]) != "active":
            raise gdb.GdbError("malloc-debug stands back in this program, or it has not started yet")

    def read_rows(self, at):
        head = self.memory.read_now(at, 24)
        magic, version, head_bytes, row_bytes, count = struct.unpack("<8sIIII", head)
        if magic != LAYOUT_MAGIC:
            raise gdb.GdbError("malloc_debug_layout is not what it should be")
        if version != LAYOUT_VERSION:
            raise gdb.GdbError("the library's layout has version %d, this script knows %d" % (version, LAYOUT_VERSION))
        data = self.memory.read_now(at + head_bytes, row_bytes * count)
        self.rows = {}
        self.named = {}
        for i in range(count):
            row = i * row_bytes
            name = data[row : row + row_bytes - 12].split(b"\0")[0].decode()
            size, value = struct.unpack_from("<IQ", data, row + row_bytes - 12)
            self.rows[name] = (value, size)
            if ":" in name:
                kind, text = name.split(":", 1)
                self.named.setdefault(kind, {})[value] = text

    def read_areas(self):
        state = View(self, "history_file", self.rows["at.history_file"][0])
        path = state["path"]
        if not path:
            return
        self.memory.path = self.string(path)
        for i in range(min(state["area_count"], self.number("areas_max"))):
            area = View(self, "area", state.place("areas") + i * self.size("area"))
            if area["is_file"]:
                self.memory.areas.append((area["begin"], area["bytes"], area["offset"]))

    def member(self, struct_name, name):
        return self.rows[struct_name + "." + name]

    def size(self, name):
        return self.rows["size." + name][0]

    def number(self, name):
        return self.rows["number." + name][0]

    def names(self, kind):
        """Texts of an enum, by value."""
        return self.named.get(kind, {})

    def value(self, kind, text):
        return self.rows[kind + ":" + text][0]

    def string(self, address, limit=4096):
        return self.memory.readable(address, limit).split(b"\0")[0].decode(errors="replace") if address else ""

    def word(self, address):
        return unpack(self.memory.read(address, 8), 0, 8)

    # --- time ---

    def seconds(self, ticks):
        at = self.rows["at.moment"][0]
        now, nanoseconds = self.word(at), self.word(at + 8)
        start = self.process["start_ticks"]
        passed = now - start
        if not now or passed <= 0:
            return "at an unknown time"
        rate = (nanoseconds - self.process["start_nanoseconds"]) / passed
        return "%.6f s after the start" % ((ticks - start) * rate / 1e9)

    def seconds_coarse(self, coarse):
        shift = self.number("clock_coarse_shift")
        start = self.process["start_ticks"]
        since = (coarse - (start >> shift)) & 0xFFFFFFFF
        return self.seconds(start + (since << shift))

    # --- threads ---

    def threads(self):
        address = self.heap["threads"]
        for _ in range(self.number("thread_infos")):
            if not address:
                return
            thread = View(self, "thread", address)
            yield thread
            address = thread["next"]

    def thread_text(self, number):
        if not number or number >= self.number("thread_infos"):
            return "an unknown thread"
        info = View(self, "thread_info", self.heap["thread_infos"] + number * self.size("thread_info"))
        return "T%d (number %d%s)" % (number - 1, info["tid"], "" if info["alive"] else ", ended")

    # --- stacks ---

    def stack(self, number):
        """Return addresses and modules, innermost first."""
        bits = self.number("stack_chunk_bits")
        chunks_bytes = self.member("store", "chunks")[1]
        if not number or (number >> bits) * 8 >= chunks_bytes:
            return []
        chunk = self.word(self.store.place("chunks") + 8 * (number >> bits))
        if not chunk:
            return []
        at = chunk + 4 * (number & ((1 << bits) - 1))
        count = unpack(self.memory.read(at, 4), 0, 4)
        if count > self.number("stack_frames_max"):
            return []
        frames = []
        data = self.memory.read_now(at + 4, 4 * count) if count else b""
        for (frame,) in struct.iter_unpack("<I", data):
            frames.append(self.frame(frame))
        return frames

    def frame(self, number):
        bits = self.number("frame_chunk_bits")
        chunk = self.word(self.store.place("frame_chunks") + 8 * (number >> bits))
        if not chunk:
            return (0, 0)
        view = View(self, "frame", chunk + self.size("frame") * (number & ((1 << bits) - 1)))
        return (view["pc"], view["module"])

    def module(self, row):
        modules = self.heap.place("modules")
        offset, _ = self.member("modules", "rows")
        return View(self, "module", modules + offset + row * self.size("module"))

    def stack_lines(self, number):
        frames = self.stack(number)
        if not frames:
            return ["    (no stack)"]
        return ["    #%d %s" % (i, self.frame_text(pc, module)) for i, (pc, module) in enumerate(frames)]

    def frame_text(self, pc, row):
        where = pc - 1
        module = self.module(row)
        text = "0x%x" % where
        if not module["unloaded"]:
            function, line = name_of(where)
            if function:
                text += " in " + function
            if line:
                return text + " at " + line
        if row:
            text += " (%s+0x%x)%s" % (self.string(module["path"]), where - module["bias"], " [unloaded]" if module["unloaded"] else "")
        return text

    def site(self, number):
        """The innermost frame outside of the C and C++ libraries, in one line."""
        frames = self.stack(number)
        if not frames:
            return "no stack"
        for pc, row in frames:
            if not re.search(r"/(libc|libstdc\+\+|libgcc_s)[.-][^/]*$", self.string(self.module(row)["path"])):
                return self.frame_text(pc, row)
        return self.frame_text(*frames[0])

    # --- page map, zones, blocks ---

    def entry(self, address):
        unit, leaf = self.number("unit_shift"), self.number("leaf_bits")
        if address >> self.number("address_bits"):
            return 0
        root = address >> (unit + leaf)
        at = self.leaf(root)
        return self.word(at + 8 * ((address >> unit) & ((1 << leaf) - 1))) if at else 0

    def leaf(self, root):
        if root not in self.leaves:
            self.leaves[root] = self.word(self.map.place("root") + 8 * root)
        return self.leaves[root]

    def zone(self, address):
        if address not in self.zones:
            self.zones[address] = Zone(self, address)
        return self.zones[address]

    def walk(self):
        """Zones and free runs in order of address: Zone, or (begin, end)."""
        unit, leaf_bits = self.number("unit_shift"), self.number("leaf_bits")
        at, high = self.map["low"], self.map["high"]
        while at < high:
            root = at >> (unit + leaf_bits)
            leaf = self.leaf(root)
            if not leaf:
                at = (root + 1) << (unit + leaf_bits)
                continue
            entry = self.word(leaf + 8 * ((at >> unit) & ((1 << leaf_bits) - 1)))
            step = 1 << unit
            if entry & 1:
                run = View(self, "run", entry - 1)
                if run["begin"] == at and run["bytes"]:
                    yield (at, at + run["bytes"])
                    step = run["bytes"]
            elif entry:
                zone = self.zone(entry)
                if zone.begin == at and zone.bytes:
                    yield zone
                    step = zone.bytes
            at += step


class Zone:
    def __init__(self, library, address):
        self.library = library
        self.view = View(library, "zone", address, library.memory.read_now(address, library.size("zone")))
        self.begin = self.view["begin"]
        self.bytes = self.view["bytes"]
        self.end = self.begin + self.bytes
        self.kind = library.names("kind").get(self.view["kind"], "?")
        self.first_slot = self.view["first_slot"]
        self.slot_bytes = self.view["slot_bytes"]
        self.slot_count = min(self.view["slot_count"], self.bytes // 16 + 1)
        self.records = None

    def record(self, slot):
        size = self.library.size("record")
        if self.records is None:
            self.records = self.library.memory.read_now(self.view["records"], size * self.slot_count)
        return View(self.library, "record", 0, self.records[slot * size : slot * size + size])

    def slot_at(self, address):
        if self.kind == "large" or address < self.first_slot:
            return 0
        return min((address - self.first_slot) // self.slot_bytes, self.slot_count - 1)

    def slot_begin(self, slot):
        return self.first_slot + slot * self.slot_bytes

    def guard(self, slot):
        at = self.view["guards"]
        return View(self.library, "guard_slot", at + slot * self.library.size("guard_slot")) if at else None

    def block(self, slot):
        """The block in a slot, or None if there never was one."""
        record = self.record(slot)
        if not record["alloc_time"] and not record["alloc_stack"] and not record["size"]:
            return None
        block = Block(self, slot, record)
        return block if block.begin <= block.user <= block.end and block.size <= block.end - block.user else None

    def blocks(self, states):
        wanted = {self.library.value("state", state) for state in states}
        offset, size = self.library.member("record", "state")
        self.record(0)
        step = self.library.size("record")
        for slot in range(self.slot_count):
            if unpack(self.records, slot * step + offset, size) in wanted:
                block = self.block(slot)
                if block:
                    yield block

    def kinds(self):
        """How many slots are in each state, and the bytes of live blocks."""
        counts = {}
        live = 0
        names = self.library.names("state")
        for slot in range(self.slot_count):
            record = self.record(slot)
            state = names.get(record["state"], "?")
            counts[state] = counts.get(state, 0) + 1
            if state in ("live", "freeing"):
                live += self.view["large_size"] if self.kind == "large" else record["size"]
        return counts, live


class Block:
    def __init__(self, zone, slot, record):
        library = zone.library
        self.zone = zone
        self.slot = slot
        self.record = record
        self.state = library.names("state").get(record["state"], "?")
        if zone.kind == "large":
            self.begin, self.end = zone.view["large_begin"], zone.view["large_end"]
            self.user, self.size = zone.view["large_user"], zone.view["large_size"]
        elif zone.kind == "guarded":
            self.begin = zone.slot_begin(slot)
            self.end = self.begin + zone.slot_bytes - library.number("page_bytes")
            self.size = record["size"]
            how = record["user_offset16"]
            alignment = 1 << (how & 15)
            before = how & library.number("flush_before")
            self.user = self.begin if before else self.end - (self.size + alignment - 1) // alignment * alignment
        else:
            self.begin = zone.slot_begin(slot) - library.number("redzone_bytes")
            self.end = zone.slot_begin(slot) + zone.slot_bytes
            self.user = zone.slot_begin(slot) + 16 * record["user_offset16"]
            self.size = record["size"]
        self.freed = self.state != "live" and bool(record["free_stack"] or record["free_thread"])

    @property
    def closed(self):
        guard = self.zone.guard(self.slot)
        return bool(guard and guard["door"] == self.zone.library.value("door", "shut"))

    def flags(self):
        return [name for bit, name in self.zone.library.names("flag").items() if self.record["flags"] & bit]

    def state_text(self):
        words = {
            "live": "in use",
            "freeing": "being freed, or checked",
            "quarantined": "freed, held back from reuse",
            "cached": "freed, and free to be reused (in a thread's cache)",
            "free": "freed, and free to be reused",
        }
        text = words.get(self.state, self.state)
        if self.closed:
            text += "; its pages are inaccessible"
        return text

    def position(self, address):
        if address < self.user:
            where = "%s before" % plural(self.user - address, "byte")
        elif address >= self.user + self.size:
            where = "%s after the end of" % plural(address - self.user - self.size, "byte")
        elif address == self.user:
            where = "the start of"
        else:
            where = "%s inside" % plural(address - self.user, "byte")
        return "0x%x is %s a block of %s [0x%x,0x%x)" % (address, where, plural(self.size, "byte"), self.user, self.user + self.size)

    def describe(self):
        library = self.zone.library
        record = self.record
        apis = library.names("api")
        lines = ["The block is %s." % self.state_text()]
        if self.flags():
            lines.append("It is marked: %s." % ", ".join(self.flags()))
        lines.append("It lies in the %s zone [0x%x,0x%x), slot %d." % (self.zone.kind, self.zone.begin, self.zone.end, self.slot))
        lines.append(
            "Allocated by thread %s with %s, %s:"
            % (library.thread_text(record["alloc_thread"]), apis.get(record["apis"] & 15, "?"), library.seconds_coarse(record["alloc_time"]))
        )
        lines += library.stack_lines(record["alloc_stack"])
        if self.freed:
            api = (record["apis"] >> 4) + library.number("api_first_free")
            lines.append("Freed by thread %s with %s:" % (library.thread_text(record["free_thread"]), apis.get(api, "?")))
            lines += library.stack_lines(record["free_stack"])
        return lines


def name_of(where):
    """Function, and "file:line", of code; None for what is not known."""
    function = line = None
    try:
        block = gdb.block_for_pc(where)
        while block is not None and block.function is None:
            block = block.superblock
        if block is not None:
            function = block.function.print_name
    except (RuntimeError, gdb.error):
        pass
    try:
        place = gdb.find_pc_line(where)
        if place.symtab is not None and place.line:
            line = "%s:%d" % (place.symtab.filename, place.line)
    except gdb.error:
        pass
    if function is None:
        try:
            match = re.match(r"(.+?)(?: \+ \d+)? in section", gdb.execute("info symbol 0x%x" % where, to_string=True))
            if match:
                function = match.group(1)
        except gdb.error:
            pass
    return function, line


def find_block(library, address):
    """The block that an address belongs to, red zones included; None."""
    entry = library.entry(address)
    if not entry or entry & 1:
        return None
    zone = library.zone(entry)
    if not zone.begin <= address < zone.end:
        return None
    slot = zone.slot_at(address)
    block = zone.block(slot)
    if block is None and slot + 1 < zone.slot_count and address >= zone.slot_begin(slot + 1) - library.number("redzone_bytes"):
        block = zone.block(slot + 1)
    return block


def evaluate(text):
    """The address that an expression means: the value of a pointer or a number, the place of an array or a struct."""
    value = gdb.parse_and_eval(text)
    kind = value.type.strip_typedefs().code
    if kind in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_FUNC):
        if value.address is None:
            raise gdb.GdbError("%s is not in memory" % text)
        value = value.address
    return int(value.cast(gdb.lookup_type("unsigned long"))) & ((1 << 64) - 1)


def wants_expression(arguments, command):
    if not arguments.strip():
        raise gdb.GdbError("malloc-debug %s EXPRESSION: which address?" % command)
    return evaluate(arguments)


# --- history ---


def events_of(library, begin, end):
    """Events of blocks with bytes in [begin, end), or all if end is 0, by time: (time, kind, api, address, size, thread, stack)."""
    size = library.size("event")
    offsets = [library.member("event", name)[0] for name in ("time", "addr_api", "size", "stack")]
    failed = library.value("event", "failed")
    found = []
    for thread in library.threads():
        ring = thread["ring_events"]
        if not ring:
            continue
        count = min(thread["ring_next"], thread["ring_mask"] + 1)
        try:
            data = library.memory.read_now(ring, count * size) if count else b""
        except gdb.MemoryError:
            print("The history of thread %s cannot be read." % library.thread_text(thread["id"]))
            continue
        for at in range(0, len(data), size):
            (word,) = struct.unpack_from("<Q", data, at + offsets[1])
            (size_thread,) = struct.unpack_from("<Q", data, at + offsets[2])
            address = word & EVENT_MASK
            if end and not (address < end and address + max(size_thread & EVENT_MASK, 1) > begin and word >> 56 != failed):
                continue
            moment = unpack(data, at + offsets[0], 8)
            if moment:
                found.append(
                    (moment, word >> 56, word >> 48 & 255, address, size_thread & EVENT_MASK, size_thread >> 48, unpack(data, at + offsets[3], 4))
                )
    found.sort(key=lambda event: event[0])
    return found


def event_line(library, event):
    moment, kind, api, address, size, thread, stack = event
    name = library.names("api").get(api, "?")
    what = "failed" if library.names("event").get(kind) == "failed" else "0x%x" % address
    return "%s  T%d  %s  %s  %s  %s" % (library.seconds(moment), thread - 1, name, what, plural(size, "byte"), library.site(stack))


# --- commands ---


class MallocDebug(gdb.Command):
    """Blocks, history, map, leaks and damage of a program that runs, or ran, under malloc-debug.

    malloc-debug address EXPRESSION   what an address is, whose, allocated and freed where
    malloc-debug block EXPRESSION     the same with the block's bytes and its neighbours
    malloc-debug history [EXPRESSION] events of the blocks at an address, or the last ones of all
    malloc-debug map                  all zones
    malloc-debug check [call]         damage around blocks
    malloc-debug leaks [call]         blocks that nothing points to
    malloc-debug report               the last report of an error

    All work on a live process and on a core file, and change nothing. `break malloc_debug_break` stops at each error, after its report."""

    def __init__(self):
        super().__init__("malloc-debug", gdb.COMMAND_DATA, prefix=True)


class Address(gdb.Command):
    """malloc-debug address EXPRESSION: what an address is; in, before or behind which block, its state, and both of its stacks."""

    def __init__(self):
        super().__init__("malloc-debug address", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arguments, from_tty):
        address = wants_expression(arguments, "address")
        library = Library()
        block = find_block(library, address)
        if block is not None:
            print(block.position(address))
            print("\n".join(block.describe()))
            return
        entry = library.entry(address)
        if entry & 1:
            print("0x%x is in a free run: no block is there now" % address)
        elif entry:
            print("0x%x is in a %s zone, where no block was yet" % (address, library.zone(entry).kind))
        else:
            print("0x%x is not in malloc-debug's heap" % address)
            symbol = gdb.execute("info symbol 0x%x" % address, to_string=True).strip()
            if not symbol.startswith("No symbol"):
                print(symbol)
        events = events_of(library, address, address + 1)
        if events:
            print("Blocks were there before:")
            for event in events[-10:]:
                print("  " + event_line(library, event))


class BlockCommand(gdb.Command):
    """malloc-debug block EXPRESSION: the block at an address with its bytes and its neighbours."""

    def __init__(self):
        super().__init__("malloc-debug block", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arguments, from_tty):
        address = wants_expression(arguments, "block")
        library = Library()
        block = find_block(library, address)
        if block is None:
            raise gdb.GdbError("no block is known at 0x%x" % address)
        print(block.position(address))
        print("\n".join(block.describe()))
        damage = find_damage(library, block)
        if damage:
            print("Damaged: " + damage)
        self.put_neighbours(block)
        self.put_bytes(library, block, address)

    @staticmethod
    def put_neighbours(block):
        for step, word in ((-1, "before"), (1, "behind")):
            slot = block.slot + step
            if block.zone.kind != "large" and 0 <= slot < block.zone.slot_count:
                other = block.zone.block(slot)
                if other is not None:
                    print("The block %s it, of %s at 0x%x, is %s." % (word, plural(other.size, "byte"), other.user, other.state_text()))

    @staticmethod
    def put_bytes(library, block, address):
        if block.closed:
            print("Its bytes are gone but for the first and the last:")
            kept = View(library, "guard_kept", block.zone.view["kept"] + block.slot * library.size("guard_kept"))
            first = kept.bytes_of("first")[: block.size]
            put_dump(block.user, first, address)
            rest = min(block.size - len(first), library.number("kept_bytes"))
            if rest > 0:
                put_dump(block.user + block.size - rest, kept.bytes_of("last")[-rest:], address)
            return
        begin = max(block.begin, address - 256) & ~15
        end = min(block.end, begin + 768)
        put_dump(begin, library.memory.readable(begin, end - begin), address)


def put_dump(begin, data, address):
    for at in range(0, len(data), 16):
        line = data[at : at + 16]
        mark = "=>" if begin + at <= address < begin + at + 16 else "  "
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in line)
        print("%s 0x%012x: %-47s |%s|" % (mark, begin + at, line.hex(" "), text))


class History(gdb.Command):
    """malloc-debug history [EXPRESSION [, COUNT]]: who had the memory at an address, or the last COUNT events of all threads (50)."""

    def __init__(self):
        super().__init__("malloc-debug history", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, arguments, from_tty):
        count = 50
        text = arguments.strip()
        match = re.match(r"(.*),\s*(\d+)$", text)
        if match:
            text, count = match.group(1).strip(), int(match.group(2))
        library = Library()
        address = evaluate(text) if text else 0
        events = events_of(library, address, address + 1 if text else 0)
        if len(events) > count:
            print("History: the last %d of %s" % (count, plural(len(events), "event")))
        else:
            print("History: %s" % plural(len(events), "event"))
        for event in events[-count:] if count else []:
            print(event_line(library, event))
            if text:
                print("\n".join(library.stack_lines(event[6])))


class Map(gdb.Command):
    """malloc-debug map: all zones and free runs with what is in them."""

    def __init__(self):
        super().__init__("malloc-debug map", gdb.COMMAND_DATA)

    def invoke(self, arguments, from_tty):
        library = Library()
        blocks = live_bytes = 0
        for item in library.walk():
            if isinstance(item, tuple):
                print("[0x%x,0x%x) free run, %d KiB" % (item[0], item[1], (item[1] - item[0]) >> 10))
                continue
            counts, live = item.kinds()
            blocks += counts.get("live", 0)
            live_bytes += live
            states = ", ".join("%d %s" % (counts[state], state) for state in ("live", "freeing", "quarantined", "cached", "free") if state in counts)
            slots = "" if item.kind == "large" else ", slots of %d bytes" % item.slot_bytes
            print("[0x%x,0x%x) %s zone%s: %s; %s in use" % (item.begin, item.end, item.kind, slots, states, plural(live, "byte")))
        print("%s in use, %s" % (plural(blocks, "block"), plural(live_bytes, "byte")))


def pattern(library, begin, end):
    """What belongs in red zones and slack at [begin, end)."""
    secret = library.heap["secret"]
    step, mask, bits = (library.number("pattern_" + name) for name in ("step", "mask", "bits"))
    first = begin & ~7
    words = [((((secret + at) * step) & mask) | bits) for at in range(first, end, 8)]
    return struct.pack("<%dQ" % len(words), *words)[begin - first : end - first]


def find_damage(library, block):
    """Where bytes in or around a block are not as they should be, in words; None."""
    guarded = block.closed or block.zone.kind in ("large", "guarded") or "told" in block.flags() or "dropped" in block.flags()
    ranges = []
    if block.state in ("live", "quarantined") and not block.closed:
        if not guarded or block.state == "live":
            ranges = [(block.begin, block.user, "before it"), (block.user + block.size, block.end, "behind it")]
    if "told" in block.flags():
        ranges = []
    for begin, end, where in ranges:
        data = library.memory.readable(begin, end - begin)
        wanted = pattern(library, begin, end)[: len(data)]
        if data != wanted:
            return differences(begin, data, wanted, where)
    if block.state == "quarantined" and not block.closed:
        count = min(block.size, library.heap["fill_free"])
        data = library.memory.readable(block.user, count)
        wanted = bytes([library.heap["fill_free_byte"] & 255]) * len(data)
        if data != wanted:
            return differences(block.user, data, wanted, "in it after it was freed")
    return None


def differences(begin, data, wanted, where):
    changed = [i for i in range(len(data)) if data[i] != wanted[i]]
    return "%s %s, from 0x%x to 0x%x" % (plural(len(changed), "byte"), where, begin + changed[0], begin + changed[-1])


def call(text):
    """Runs a function of the library in the process."""
    if gdb.selected_thread() is None or not gdb.selected_inferior().pid or is_core():
        raise gdb.GdbError("there is no process to call a function in")
    return int(gdb.parse_and_eval(text))


def is_core():
    target = gdb.execute("info target", to_string=True)
    return "core dump" in target or "Local core" in target


class Check(gdb.Command):
    """malloc-debug check [call | COUNT]: looks at the bytes around all blocks, or the first COUNT (200000), for damage.

    With the word call, the process checks its own heap (malloc_debug_check_all) and writes reports as usual: faster, and it repairs."""

    def __init__(self):
        super().__init__("malloc-debug check", gdb.COMMAND_DATA)

    def invoke(self, arguments, from_tty):
        library = Library()
        if arguments.strip() == "call":
            print("%s found" % plural(call("((long (*)(void))malloc_debug_check_all)()"), "problem"))
            return
        left = int(arguments) if arguments.strip() else 200000
        looked = bad = 0
        for item in library.walk():
            if isinstance(item, tuple):
                continue
            for block in item.blocks(("live", "quarantined")):
                if looked >= left:
                    print("Stopped after %s; a number after check allows more." % plural(looked, "block"))
                    print("%s damaged" % plural(bad, "block"))
                    return
                looked += 1
                damage = find_damage(library, block)
                if damage:
                    bad += 1
                    print("The block of %s at 0x%x (%s) is damaged: %s." % (plural(block.size, "byte"), block.user, block.state_text(), damage))
                    print("  allocated: " + library.site(block.record["alloc_stack"]))
                    if block.freed:
                        print("  freed: " + library.site(block.record["free_stack"]))
        print("%s looked at, %d damaged" % (plural(looked, "block"), bad))


class Leaks(gdb.Command):
    """malloc-debug leaks [call | MIB]: blocks that no pointer in memory and registers leads to, by where they were allocated.

    MIB is how much memory is read at most (256). What is found is what is certain: any word that looks like a pointer into a block keeps it.
    With the word call, the process looks itself (malloc_debug_check_leaks) and writes its report to its standard error."""

    def __init__(self):
        super().__init__("malloc-debug leaks", gdb.COMMAND_DATA)

    def invoke(self, arguments, from_tty):
        library = Library()
        if arguments.strip() == "call":
            found = call("((long (*)(int, unsigned long *))malloc_debug_check_leaks)(2, 0)")
            print("%s leaked; the report is on the program's standard error" % plural(found, "block") if found >= 0 else "not possible: error %d" % -found)
            return
        LeakSearch(library, (int(arguments) if arguments.strip() else 256) << 20).run()


class LeakSearch:
    def __init__(self, library, limit):
        self.library = library
        self.left = limit
        self.cut = False
        self.blocks = sorted((b for item in library.walk() if not isinstance(item, tuple) for b in item.blocks(("live", "freeing"))), key=lambda b: b.user)
        self.starts = [block.user for block in self.blocks]
        self.reached = bytearray(len(self.blocks))
        self.waiting = []

    def look_at(self, data):
        """Marks what the words of some memory point to."""
        words = len(data) // 8
        if not words or not self.blocks:
            return
        low, high = self.starts[0], self.blocks[-1].user + max(self.blocks[-1].size, 1)
        for word in {w for w in struct.unpack_from("<%dQ" % words, data) if low <= w < high}:
            i = bisect.bisect_right(self.starts, word) - 1
            if not self.reached[i] and word < self.starts[i] + max(self.blocks[i].size, 1):
                self.reached[i] = 1
                self.waiting.append(i)

    def read(self, begin, end):
        while begin < end:
            step = min(end - begin, 1 << 20, self.left)
            if step <= 0:
                self.cut = True
                return
            self.look_at(self.library.memory.readable(begin, step))
            self.left -= step
            begin += step

    def ranges(self):
        """Memory of the process that may hold pointers."""
        if is_core():
            found = re.findall(r"^\s*(0x[0-9a-f]+) - (0x[0-9a-f]+) is load", gdb.execute("info files", to_string=True), re.M)
            return [(int(begin, 16), int(end, 16)) for begin, end in found]
        with open("/proc/%d/maps" % gdb.selected_inferior().pid) as maps:
            lines = [line.split() for line in maps]
        return [tuple(int(part, 16) for part in line[0].split("-")) for line in lines if line[1].startswith("rw") and line[1][3] == "p"]

    def own_ranges(self):
        """Zones and free runs, and the library's own records: they point to everything."""
        for item in self.library.walk():
            yield item if isinstance(item, tuple) else (item.begin, item.end)
        chunk = View(self.library, "arena", self.library.heap.place("arena"))["chunks"]
        while chunk:
            view = View(self.library, "arena_chunk", chunk)
            yield (chunk, chunk + view["bytes"])
            chunk = view["next"]
        for thread in self.library.threads():
            if thread["ring_events"]:
                yield (thread["ring_events"], thread["ring_events"] + (thread["ring_mask"] + 1) * self.library.size("event"))
        infos = self.library.heap["thread_infos"]
        yield (infos, infos + self.library.number("thread_infos") * self.library.size("thread_info"))

    def read_registers(self):
        """Marks what registers point to. Returns where the live part of each stack begins."""
        before, tops = gdb.selected_thread(), []
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            frame = gdb.newest_frame()
            values = []
            for register in frame.architecture().registers("general"):
                try:
                    values.append(int(frame.read_register(register.name)) & ((1 << 64) - 1))
                except (gdb.error, ValueError, TypeError):
                    pass
            self.look_at(struct.pack("<%dQ" % len(values), *values))
            tops.append((int(frame.read_register("sp")) & ((1 << 64) - 1)) - 128 & ~7)
        if before is not None:
            before.switch()
        return tops

    def run(self):
        begun = time.monotonic()
        tops = self.read_registers()
        own = sorted(self.own_ranges())
        for begin, end in self.ranges():
            for top in tops:
                if begin <= top < end:
                    begin = top
            for own_begin, own_end in own:
                if own_end <= begin or own_begin >= end:
                    continue
                self.read(begin, own_begin)
                begin = own_end
            self.read(begin, end)
        while self.waiting and self.left > 0:
            block = self.blocks[self.waiting.pop()]
            size = min(block.size & ~7, self.left)
            self.look_at(self.library.memory.readable(block.user, size))
            self.left -= max(size, 1)
        self.cut |= bool(self.waiting)
        self.tell(time.monotonic() - begun)

    def tell(self, seconds):
        if self.cut:
            print("The limit of memory to read was reached: what was not looked at may point to some of these; a number after leaks allows more MiB.")
        groups = {}
        for i, block in enumerate(self.blocks):
            if not self.reached[i] and "ignored" not in block.flags():
                groups.setdefault(block.record["alloc_stack"], []).append(block)
        for stack, blocks in sorted(groups.items(), key=lambda group: -sum(block.size for block in group[1])):
            print("%s in %s, the first at 0x%x:" % (plural(sum(b.size for b in blocks), "byte"), plural(len(blocks), "block"), blocks[0].user))
            print("\n".join(self.library.stack_lines(stack)))
        lost = sum(len(blocks) for blocks in groups.values())
        print("%d of %s leaked (%.1f s)" % (lost, plural(len(self.blocks), "block"), seconds))


class Report(gdb.Command):
    """malloc-debug report: the text of the last error that was reported in this process."""

    def __init__(self):
        super().__init__("malloc-debug report", gdb.COMMAND_DATA)

    def invoke(self, arguments, from_tty):
        library = Library()
        at = library.rows["at.report"][0]
        count = library.word(at)
        if not count:
            print("No error was reported in this process.")
            return
        print(library.memory.read_now(at + 8, min(count, 1 << 20)).decode(errors="replace"), end="")


for command in (MallocDebug, Address, BlockCommand, History, Map, Check, Leaks, Report):
    command()
