/* SPDX-License-Identifier: MIT */
#include "runtime/layout_export.h"

#include <string.h>

#include "runtime/history_file.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "src/clock.h"
#include "src/os.h"
#include "src/pattern.h"

#define KEPT_REPORT_BYTES 32768

static struct {
	uint64_t bytes;
	char text[KEPT_REPORT_BYTES];
} kept_report;

static struct {
	uint64_t ticks, nanoseconds;
} moment;

void md_layout_keep_report(const char *text, size_t bytes)
{
	kept_report.bytes = 0;
	if (bytes > sizeof kept_report.text)
		bytes = sizeof kept_report.text;
	memcpy(kept_report.text, text, bytes);
	kept_report.bytes = bytes;
}

void md_layout_note_time(void)
{
	if (md_is_restricted())
		return;
	moment.nanoseconds = md_os_nanoseconds();
	moment.ticks = md_clock_now();
}

MD_EXPORT __attribute__((noinline)) void malloc_debug_break(const char *error, const void *address)
{
	__asm__ volatile("" : : "r"(error), "r"(address) : "memory");
}

/* clang-format off */
#define NUMBER(name, number) { name, 0, number }
#define PLACE(name, object) { "at." name, 0, (uintptr_t)&(object) }
#define SIZE(name, type) { "size." name, 0, sizeof(type) }
#define MEMBER(name, type, member) { name "." #member, sizeof(((type *)0)->member), offsetof(type, member) }
#define HEAP(member) MEMBER("heap", struct md_heap, member)
#define ZONE(member) MEMBER("zone", struct md_zone, member)
#define RECORD(member) MEMBER("record", struct md_record, member)
#define THREAD(member) MEMBER("thread", struct md_thread, member)
#define STORE(member) MEMBER("store", struct md_stack_store, member)
#define MODULE(member) MEMBER("module", struct md_module, member)
#define PROCESS(member) MEMBER("process", struct md_process, member)
#define AREA(member) MEMBER("area", struct md_history_area, member)
/* A member of a member. */
#define INNER(name, type, member) { name, sizeof(((type *)0)->member), offsetof(type, member) }

#define ROWS_MAX 192 /* those left over have no name */

struct md_layout {
	struct md_layout_head head;
	struct md_layout_row rows[ROWS_MAX];
};

extern const struct md_layout malloc_debug_layout;

MD_EXPORT const struct md_layout malloc_debug_layout = {
	.head = { MD_LAYOUT_MAGIC, MD_LAYOUT_VERSION, sizeof(struct md_layout_head), sizeof(struct md_layout_row), ROWS_MAX },
	.rows = {
		PLACE("process", md_process),
		PLACE("report", kept_report),
		PLACE("moment", moment),
		PLACE("history_file", md_history_file_state),

		NUMBER("number.unit_shift", MD_UNIT_SHIFT),
		NUMBER("number.leaf_bits", MD_LEAF_BITS),
		NUMBER("number.address_bits", MD_ADDRESS_BITS),
		NUMBER("number.page_bytes", MD_PAGE_BYTES),
		NUMBER("number.redzone_bytes", MD_REDZONE_BYTES),
		NUMBER("number.stack_chunk_bits", MD_STACK_CHUNK_BITS),
		NUMBER("number.frame_chunk_bits", MD_FRAME_CHUNK_BITS),
		NUMBER("number.stack_frames_max", MD_STACK_FRAMES_MAX),
		NUMBER("number.thread_infos", MD_THREAD_INFOS_MAX),
		NUMBER("number.api_first_free", MD_API_FIRST_FREE),
		NUMBER("number.clock_coarse_shift", MD_CLOCK_COARSE_SHIFT),
		NUMBER("number.kept_bytes", MD_KEPT_BYTES),
		NUMBER("number.flush_before", MD_FLUSH_BEFORE),
		NUMBER("number.pattern_step", MD_PATTERN_STEP),
		NUMBER("number.pattern_mask", MD_PATTERN_MASK),
		NUMBER("number.pattern_bits", MD_PATTERN_BITS),
		NUMBER("number.areas_max", MD_HISTORY_AREAS_MAX),

		NUMBER("mode:boot", MD_MODE_BOOT), NUMBER("mode:active", MD_MODE_ACTIVE), NUMBER("mode:pass", MD_MODE_PASS),
		NUMBER("state:free", MD_BLOCK_FREE), NUMBER("state:cached", MD_BLOCK_CACHED), NUMBER("state:live", MD_BLOCK_LIVE),
		NUMBER("state:freeing", MD_BLOCK_FREEING), NUMBER("state:quarantined", MD_BLOCK_QUARANTINED),
		NUMBER("flag:damaged", MD_BLOCK_DAMAGED), NUMBER("flag:ignored", MD_BLOCK_IGNORED), NUMBER("flag:dropped", MD_BLOCK_DROPPED),
		NUMBER("flag:told", MD_BLOCK_TOLD),
		NUMBER("kind:tiny", MD_ZONE_TINY), NUMBER("kind:small", MD_ZONE_SMALL), NUMBER("kind:large", MD_ZONE_LARGE),
		NUMBER("kind:guarded", MD_ZONE_GUARDED),
		NUMBER("door:open", MD_DOOR_OPEN), NUMBER("door:shut", MD_DOOR_SHUT), NUMBER("door:opening", MD_DOOR_OPENING),
		NUMBER("door:opened", MD_DOOR_OPENED),
		NUMBER("event:alloc", MD_EVENT_ALLOC), NUMBER("event:free", MD_EVENT_FREE), NUMBER("event:failed", MD_EVENT_FAILED),
#define MD_API(name, text, family) NUMBER("api:" text, MD_API_##name),
#include "src/api.def"
#undef MD_API

		SIZE("record", struct md_record), SIZE("zone", struct md_zone), SIZE("run", struct md_run), SIZE("event", struct md_event),
		SIZE("frame", struct md_frame), SIZE("module", struct md_module), SIZE("thread_info", struct md_thread_info),
		SIZE("thread", struct md_thread), SIZE("guard_slot", struct md_guard_slot), SIZE("guard_kept", struct md_guard_kept),
		SIZE("arena_chunk", struct md_arena_chunk), SIZE("area", struct md_history_area), SIZE("process", struct md_process),

		PROCESS(mode), PROCESS(heap), PROCESS(start_ticks), PROCESS(start_nanoseconds), PROCESS(pid), PROCESS(program), PROCESS(library_folder),
		PROCESS(library_begin), PROCESS(library_end), PROCESS(brk_at_start),
		HEAP(secret), HEAP(map), HEAP(stacks), HEAP(modules), HEAP(threads), HEAP(thread_infos), HEAP(arena),
		INNER("heap.redzone", struct md_heap, config.redzone), INNER("heap.fill_free", struct md_heap, config.fill_free),
		INNER("heap.fill_free_byte", struct md_heap, config.fill_free_byte),
		INNER("heap.mapped_bytes", struct md_heap, runs.mapped_bytes), INNER("heap.used_bytes", struct md_heap, runs.used_bytes),
		MEMBER("arena", struct md_arena, chunks),
		MEMBER("arena_chunk", struct md_arena_chunk, next), MEMBER("arena_chunk", struct md_arena_chunk, bytes),
		MEMBER("map", struct md_page_map, root), MEMBER("map", struct md_page_map, low), MEMBER("map", struct md_page_map, high),
		ZONE(begin), ZONE(bytes), ZONE(first_slot), ZONE(slot_bytes), ZONE(slot_count), ZONE(kind), ZONE(records), ZONE(large_size),
		ZONE(large_user), ZONE(large_begin), ZONE(large_end), ZONE(carved), ZONE(guards), ZONE(kept),
		MEMBER("guard_slot", struct md_guard_slot, door), MEMBER("guard_slot", struct md_guard_slot, front),
		MEMBER("guard_slot", struct md_guard_slot, rear),
		MEMBER("guard_kept", struct md_guard_kept, first), MEMBER("guard_kept", struct md_guard_kept, last),
		MEMBER("run", struct md_run, begin), MEMBER("run", struct md_run, bytes),
		RECORD(size), RECORD(alloc_stack), RECORD(free_stack), RECORD(alloc_time), RECORD(alloc_thread), RECORD(free_thread), RECORD(state),
		RECORD(flags), RECORD(apis), RECORD(user_offset16),
		THREAD(busy), THREAD(id), THREAD(next), THREAD(parked),
		INNER("thread.ring_events", struct md_thread, history.events), INNER("thread.ring_mask", struct md_thread, history.mask),
		INNER("thread.ring_next", struct md_thread, history.next),
		MEMBER("thread_info", struct md_thread_info, tid), MEMBER("thread_info", struct md_thread_info, creator),
		MEMBER("thread_info", struct md_thread_info, created), MEMBER("thread_info", struct md_thread_info, alive),
		MEMBER("event", struct md_event, time), MEMBER("event", struct md_event, addr_api), MEMBER("event", struct md_event, size),
		MEMBER("event", struct md_event, stack),
		STORE(frame_chunks), STORE(chunks), STORE(frame_count), STORE(next),
		MEMBER("frame", struct md_frame, pc), MEMBER("frame", struct md_frame, module),
		INNER("modules.count", struct md_modules, count), INNER("modules.rows", struct md_modules, rows),
		MODULE(begin), MODULE(end), MODULE(bias), MODULE(path), MODULE(unloaded),
		MEMBER("history_file", struct md_history_file_state, path), MEMBER("history_file", struct md_history_file_state, areas),
		MEMBER("history_file", struct md_history_file_state, area_count),
		AREA(begin), AREA(bytes), AREA(offset), AREA(is_file),
	},
};
/* clang-format on */
