/* SPDX-License-Identifier: MIT
 *
 * The parts of glibc's malloc interface that ask or advise: mallinfo, mallopt, malloc_trim, malloc_stats, malloc_info.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

#include "runtime/entry.h"
#include "runtime/show.h"
#include "src/inspect.h"

/* When we stand back, the C library answers for its own heap. */
#define STAND_BACK(name) (md_unlikely(md_mode_is(MD_MODE_PASS)) && md_process.next.name)

static void fill_info(struct mallinfo2 *info)
{
	struct md_thread *self = md_entry_begin();
	struct md_heap_totals totals = { 0 };

	if (self) {
		md_inspect_totals(&md_process.heap, &totals);
		md_entry_end(self);
	}
	*info = (struct mallinfo2){
		.arena = totals.mapped_bytes,
		.ordblks = totals.free_runs,
		.uordblks = totals.live_bytes,
		.fordblks = totals.mapped_bytes - totals.live_bytes,
		.fsmblks = totals.quarantined_bytes,
		.keepcost = totals.free_run_largest,
	};
}

MD_EXPORT struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 info;

	if (STAND_BACK(mallinfo2))
		return md_process.next.mallinfo2();
	fill_info(&info);
	return info;
}

static int clamp(size_t value)
{
	return value > INT_MAX ? INT_MAX : (int)value;
}

MD_EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 info;

	if (STAND_BACK(mallinfo))
		return md_process.next.mallinfo();
	fill_info(&info);
	return (struct mallinfo){ .arena = clamp(info.arena), .ordblks = clamp(info.ordblks), .uordblks = clamp(info.uordblks),
		.fordblks = clamp(info.fordblks), .fsmblks = clamp(info.fsmblks), .keepcost = clamp(info.keepcost) };
}

/* Advice to another allocator: taken note of, as mallopt's success says, and without effect. */
MD_EXPORT int mallopt(int parameter, int value)
{
	return STAND_BACK(mallopt) ? md_process.next.mallopt(parameter, value) : 1;
}

MD_EXPORT int malloc_trim(size_t pad)
{
	struct md_thread *self = md_entry_begin();
	size_t given = 0;

	if (!self)
		return STAND_BACK(malloc_trim) ? md_process.next.malloc_trim(pad) : 0;
	md_zones_release_empty(&md_process.heap.zones);
	given = md_runs_trim(&md_process.heap.runs, pad);
	md_entry_end(self);
	return given != 0;
}

MD_EXPORT void malloc_stats(void)
{
	struct md_thread *self = md_entry_begin();

	if (!self) {
		if (STAND_BACK(malloc_stats))
			md_process.next.malloc_stats();
		return;
	}
	md_show_stats(2);
	md_entry_end(self);
}

MD_EXPORT int malloc_info(int options, FILE *stream)
{
	struct md_thread *self;
	struct md_heap_totals totals = { 0 };
	struct md_counters counters = { 0 };

	if (STAND_BACK(malloc_info))
		return md_process.next.malloc_info(options, stream);
	if (options != 0) {
		errno = EINVAL;
		return -1;
	}
	self = md_entry_begin();
	if (self) {
		md_inspect_totals(&md_process.heap, &totals);
		md_inspect_counters(&md_process.heap, &counters);
		md_entry_end(self);
	}
	/* The caller's stream, outside of our own calls: it may allocate its buffer. */
	fprintf(stream,
		"<malloc version=\"1\" allocator=\"malloc-debug " MD_VERSION "\">\n"
		"<heap nr=\"0\">\n"
		"<total type=\"live\" count=\"%lu\" size=\"%lu\"/>\n"
		"<total type=\"quarantined\" count=\"%lu\" size=\"%lu\"/>\n"
		"<total type=\"free\" count=\"%lu\" size=\"%lu\"/>\n"
		"</heap>\n"
		"<total type=\"allocated\" count=\"%lu\" size=\"%lu\"/>\n"
		"<system type=\"current\" size=\"%lu\"/>\n"
		"<system type=\"metadata\" size=\"%lu\"/>\n"
		"</malloc>\n",
		totals.live_blocks, totals.live_bytes, totals.quarantined_blocks, totals.quarantined_bytes, totals.free_runs, totals.free_run_bytes,
		counters.allocations, counters.allocated_bytes, totals.mapped_bytes, totals.metadata_bytes);
	return 0;
}
