/* SPDX-License-Identifier: MIT
 *
 * The calls of include/malloc_debug.h.
 */
#include <errno.h>
#include <string.h>

#define MALLOC_DEBUG_LIBRARY
#include "malloc_debug.h"
#include "runtime/entry.h"
#include "runtime/growth.h"
#include "runtime/leaks.h"
#include "runtime/policy.h"
#include "runtime/profile.h"
#include "runtime/show.h"
#include "runtime/show_json.h"
#include "runtime/unwind.h"
#include "runtime/who.h"
#include "src/inspect.h"

const char *malloc_debug_version(void)
{
	return MD_VERSION;
}

int malloc_debug_active(void)
{
	return md_mode_is(MD_MODE_ACTIVE);
}

/* Every call below that needs the heap is an entry like malloc. A negative descriptor is refused here: to runtime/show.h it would be a
 * place of ours. */
static struct md_thread *begin(void)
{
	return md_entry_begin();
}

int malloc_debug_check(const void *pointer)
{
	struct md_thread *self = begin();
	struct md_block_view block;
	int result = -EINVAL;

	if (!self)
		return -ENOSYS;
	struct md_call call = { .api = MD_API_CHECK, .stack = md_capture(self) };

	md_inspect_address(&md_process.heap, (uintptr_t)pointer, &block);
	if (block.valid && block.user == (uintptr_t)pointer && (block.state == MD_BLOCK_LIVE || block.state == MD_BLOCK_QUARANTINED)) {
		md_check_block(&md_process.heap, self, (uintptr_t)pointer, MD_NOTICED_ON_REQUEST, &call);
		result = self->findings.count != 0;
	}
	md_entry_end(self);
	return result;
}

long malloc_debug_check_all(void)
{
	struct md_thread *self = begin();
	struct md_check_cursor cursor = { 0 };
	long found = 0;
	bool more = true;

	if (!self)
		return -ENOSYS;
	struct md_call call = { .api = MD_API_CHECK, .stack = md_capture(self) };

	while (more) {
		more = md_check_heap(&md_process.heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call);
		found += self->findings.count;
		md_policy_act(self);
	}
	md_entry_end(self);
	return found;
}

int malloc_debug_describe(int fd, const void *address)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = fd < 0 ? -EBADF : md_show_address(fd, (uintptr_t)address);

	md_entry_end(self);
	return result;
}

int malloc_debug_hexdump(int fd, const void *address, size_t context)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = fd < 0 ? -EBADF : md_show_bytes(fd, (uintptr_t)address, context);

	md_entry_end(self);
	return result;
}

int malloc_debug_show_map(int fd)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = fd < 0 ? -EBADF : md_show_map(fd);

	md_entry_end(self);
	return result;
}

long malloc_debug_show_history(int fd, const void *address, size_t events_max)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	long result = fd < 0 ? -EBADF : md_show_history(fd, (uintptr_t)address, events_max);

	md_entry_end(self);
	return result;
}

/* The two enums are one: the header has no names of ours in it. */
_Static_assert((int)MD_SHOW_AS_TEXT == MALLOC_DEBUG_TEXT && (int)MD_SHOW_AS_JSON == MALLOC_DEBUG_JSON && (int)MD_SHOW_AS_HTML == MALLOC_DEBUG_HTML,
	"formats");

int malloc_debug_write_map(int fd, int format)
{
	struct md_thread *self = begin();
	int result;

	if (!self)
		return -ENOSYS;
	if (fd < 0)
		result = -EBADF;
	else if (format == MALLOC_DEBUG_TEXT)
		result = md_show_map(fd);
	else
		result = format == MALLOC_DEBUG_JSON || format == MALLOC_DEBUG_HTML ? md_show_map_json(fd, (enum md_show_format)format) : -EINVAL;
	md_entry_end(self);
	return result;
}

long malloc_debug_write_history(int fd, const void *address, size_t events_max, int format)
{
	struct md_thread *self = begin();
	long result;

	if (!self)
		return -ENOSYS;
	if (fd < 0)
		result = -EBADF;
	else if (format == MALLOC_DEBUG_TEXT)
		result = md_show_history(fd, (uintptr_t)address, events_max);
	else if (format == MALLOC_DEBUG_JSON || format == MALLOC_DEBUG_HTML)
		result = md_show_history_json(fd, (uintptr_t)address, events_max, (enum md_show_format)format);
	else
		result = -EINVAL;
	md_entry_end(self);
	return result;
}

int malloc_debug_show_stats(int fd)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = fd < 0 ? -EBADF : md_show_stats(fd);

	md_entry_end(self);
	return result;
}

int malloc_debug_counters(struct malloc_debug_counts *counts, size_t bytes)
{
	struct md_thread *self = begin();
	struct md_heap_totals totals;
	struct md_counters counters;

	if (!self)
		return -ENOSYS;
	md_inspect_totals(&md_process.heap, &totals);
	md_inspect_counters(&md_process.heap, &counters);
	md_entry_end(self);
	struct malloc_debug_counts all = {
		.allocations = counters.allocations,
		.frees = counters.frees,
		.reallocations = counters.reallocations,
		.failed = counters.failed,
		.allocated_bytes = counters.allocated_bytes,
		.live_blocks = counters.live_blocks,
		.live_bytes = counters.live_bytes,
		.peak_bytes = counters.peak_bytes,
		.quarantined_blocks = totals.quarantined_blocks,
		.quarantined_bytes = totals.quarantined_bytes,
		.mapped_bytes = totals.mapped_bytes,
		.metadata_bytes = totals.metadata_bytes,
		.checks = counters.checks,
		.findings = atomic_load(&md_policy_counts.findings),
		.reports = atomic_load(&md_policy_counts.reports),
	};

	if (!counts)
		return -EINVAL;
	memset(counts, 0, bytes);
	memcpy(counts, &all, bytes < sizeof all ? bytes : sizeof all);
	return 0;
}

malloc_debug_error_callback *malloc_debug_on_error(malloc_debug_error_callback *callback, void *context)
{
	atomic_store(&md_policy_callback_context, context);
	return atomic_exchange(&md_policy_callback, callback);
}

/* Purges one struct, its own or a parked one's. Returns problems found. */
static long purge(struct md_thread *thread, unsigned flags, md_stack_id stack)
{
	long found = 0;
	bool more = true;

	while (more) {
		more = md_heap_purge_thread(&md_process.heap, thread, flags & MALLOC_DEBUG_PURGE_KEEP_ZONES);
		found += thread->findings.count;
		for (unsigned i = 0; i < thread->findings.count; i++)
			thread->findings.list[i].call = (struct md_call){ .api = MD_API_CHECK, .stack = stack };
		md_policy_act(thread);
	}
	return found;
}

long malloc_debug_purge(unsigned flags)
{
	struct md_thread *self, *parked, *done = NULL;
	long found = 0;

	if (flags & ~(unsigned)MALLOC_DEBUG_PURGE_KEEP_ZONES)
		return -EINVAL;
	self = begin();
	if (!self)
		return -ENOSYS;
	md_stack_id stack = md_capture(self);

	found = purge(self, flags, stack);
	while ((parked = md_heap_parked_take(&md_process.heap))) { /* what dead threads left */
		found += purge(parked, flags, stack);
		parked->next_parked = done;
		done = parked;
	}
	for (struct md_thread *next; done; done = next) {
		next = done->next_parked;
		md_heap_parked_give(&md_process.heap, done);
	}
	if (!(flags & MALLOC_DEBUG_PURGE_KEEP_ZONES)) {
		md_zones_release_empty(&md_process.heap.zones);
		md_runs_trim(&md_process.heap.runs, 0);
	}
	md_entry_end(self);
	return found;
}

long malloc_debug_check_leaks(int fd, size_t *bytes)
{
	struct md_thread *self = begin();
	struct md_leaks_here here;
	uint64_t leaked = 0;

	if (!self)
		return -ENOSYS;
	MD_LEAKS_HERE(&here);
	long result = fd < 0 ? -EBADF : md_leaks_check(self, &here, MD_LEAKS_ON_REQUEST, fd, &leaked);

	md_entry_end(self);
	if (bytes && result >= 0)
		*bytes = leaked;
	return result;
}

long malloc_debug_leaks_since(long snapshot, int fd)
{
	struct md_thread *self = begin();
	struct md_leaks_here here;

	if (!self)
		return -ENOSYS;
	MD_LEAKS_HERE(&here);
	long result = fd < 0 ? -EBADF : md_growth_leaks(self, &here, snapshot, fd);

	md_entry_end(self);
	return result;
}

int malloc_debug_ignore(const void *block)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = md_leaks_ignore(block) ? 0 : -EINVAL;

	md_entry_end(self);
	return result;
}

int malloc_debug_ignore_begin(void)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	self->leaks_ignored++;
	md_entry_end(self);
	return 0;
}

int malloc_debug_ignore_end(void)
{
	struct md_thread *self = begin();
	int result = -EINVAL;

	if (!self)
		return -ENOSYS;
	if (self->leaks_ignored) {
		self->leaks_ignored--;
		result = 0;
	}
	md_entry_end(self);
	return result;
}

int malloc_debug_root_add(const void *start, size_t bytes)
{
	struct md_thread *self = begin();
	int result = -EINVAL;

	if (!self)
		return -ENOSYS;
	if (bytes && (uintptr_t)start + bytes > (uintptr_t)start)
		result = md_leaks_root_add(start, bytes) ? 0 : -ENOSPC;
	md_entry_end(self);
	return result;
}

int malloc_debug_root_remove(const void *start, size_t bytes)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	int result = md_leaks_root_remove(start, bytes) ? 0 : -ENOENT;

	md_entry_end(self);
	return result;
}

long malloc_debug_snapshot(void)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	long result = md_growth_snapshot();

	md_entry_end(self);
	return result;
}

long malloc_debug_growth(int fd, unsigned snapshots)
{
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	long result = fd < 0 ? -EBADF : md_growth_show(fd, snapshots);

	md_entry_end(self);
	return result;
}

long malloc_debug_who_points(int fd, const void *block)
{
	uintptr_t inverted = ~(uintptr_t)block;
	struct md_leaks_here here;

	/* The address itself must not stay in this frame or in a register that is kept: it would be found to point to the block. */
	__asm__ volatile("" : "+r"(inverted));
	struct md_thread *self = begin();

	if (!self)
		return -ENOSYS;
	MD_LEAKS_HERE(&here);
	long result = fd < 0 ? -EBADF : md_who_show(&here, fd, inverted);

	md_entry_end(self);
	return result;
}

_Static_assert((int)MD_PROFILE_PPROF == MALLOC_DEBUG_PPROF && (int)MD_PROFILE_FOLDED == MALLOC_DEBUG_FOLDED &&
	(int)MD_PROFILE_MASSIF == MALLOC_DEBUG_MASSIF, "formats of profiles");

int malloc_debug_write_profile(int fd, int format)
{
	struct md_thread *self = begin();
	int result;

	if (!self)
		return -ENOSYS;
	if (fd < -1)
		result = -EBADF;
	else
		result = format >= 0 && format < MD_PROFILE_FORMATS ? md_profile_show(fd, (enum md_profile_format)format) : -EINVAL;
	md_entry_end(self);
	return result;
}

const struct malloc_debug_api *malloc_debug_api(void)
{
	static const struct malloc_debug_api api = {
		.bytes = sizeof api,
		.version = malloc_debug_version,
		.active = malloc_debug_active,
		.check = malloc_debug_check,
		.check_all = malloc_debug_check_all,
		.describe = malloc_debug_describe,
		.hexdump = malloc_debug_hexdump,
		.show_map = malloc_debug_show_map,
		.show_history = malloc_debug_show_history,
		.show_stats = malloc_debug_show_stats,
		.counters = malloc_debug_counters,
		.on_error = malloc_debug_on_error,
		.purge = malloc_debug_purge,
		.check_leaks = malloc_debug_check_leaks,
		.leaks_since = malloc_debug_leaks_since,
		.ignore = malloc_debug_ignore,
		.ignore_begin = malloc_debug_ignore_begin,
		.ignore_end = malloc_debug_ignore_end,
		.root_add = malloc_debug_root_add,
		.root_remove = malloc_debug_root_remove,
		.snapshot = malloc_debug_snapshot,
		.growth = malloc_debug_growth,
		.who_points = malloc_debug_who_points,
		.write_map = malloc_debug_write_map,
		.write_history = malloc_debug_write_history,
		.write_profile = malloc_debug_write_profile,
	};

	return &api;
}
