/* SPDX-License-Identifier: MIT
 *
 * For tests of the heap as a whole: one heap, one thread, and what it found.
 */
#ifndef HEAP_UNIT_H
#define HEAP_UNIT_H

#include "src/check.h"
#include "src/inspect.h"
#include "src/os.h"
#include "tests/support/heap_fixture.h"
#include "tests/unit/core_fixture.h"

static struct md_heap heap;
static struct md_thread *self;

static inline void heap_start(const struct md_heap_config *config)
{
	must(md_heap_init(&heap, config), "no memory for a heap");
	self = md_heap_thread_begin(&heap, md_os_thread());
	must(self, "no memory for a thread");
}

/* With all options at their defaults. */
static inline void heap_start_default(void)
{
	struct md_heap_config config = heap_config_default();

	heap_start(&config);
}

static inline void expect_no_finding(const char *when)
{
	if (!self->findings.count)
		return;
	const struct md_finding *finding = &self->findings.list[0];

	cr_fatal("%s: %u findings, the first is %s at %#lx, block of %zu bytes at %#lx", when, self->findings.count,
		md_error_info(finding->error)->slug, finding->addr, finding->block.size, finding->block.user);
}

/* The finding that there must be, alone, and of that kind; the list is empty afterwards. */
static inline const struct md_finding *expect_finding(enum md_error error, enum md_noticed noticed, uintptr_t addr, const char *when)
{
	static struct md_finding copy;

	must(self->findings.count == 1 && !self->findings.dropped, "%s: %u findings and %u dropped, not one", when, self->findings.count,
		self->findings.dropped);
	copy = self->findings.list[0];
	self->findings.count = 0;
	self->attended = false;
	must(copy.error == error, "%s: %s, not %s", when, md_error_info(copy.error)->slug, md_error_info(error)->slug);
	must(copy.noticed == noticed, "%s: noticed %d, not %d", when, (int)copy.noticed, (int)noticed);
	must(copy.addr == addr, "%s: at %#lx, not %#lx", when, copy.addr, addr);
	must(copy.thread.value == self->id.value, "%s: in thread %u", when, copy.thread.value);
	return &copy;
}

/* A finding of changed bytes: they, their block, and a copy of the memory around with the byte as it was found. */
static inline const struct md_finding *expect_damage(
	enum md_error error, enum md_noticed noticed, uintptr_t first, size_t bytes, const void *user, size_t size, const char *when)
{
	const struct md_finding *finding = expect_finding(error, noticed, first, when);

	must(finding->damaged_bytes == bytes, "%s: %zu bytes, not %zu", when, finding->damaged_bytes, bytes);
	must(finding->block.valid && finding->block.user == (uintptr_t)user && finding->block.size == size,
		"%s: block of %zu bytes at %#lx, not of %zu at %p", when, finding->block.size, finding->block.user, size, user);
	must(finding->evidence_begin <= first && first < finding->evidence_begin + finding->evidence_bytes,
		"%s: evidence is of another place", when);
	must(finding->evidence_mark[first - finding->evidence_begin] & MD_MARK_DAMAGED, "%s: the byte is not marked", when);
	must(finding->evidence[first - finding->evidence_begin] != finding->expected[first - finding->evidence_begin],
		"%s: found is as expected", when);
	return finding;
}

/* The end of what belongs to a block: its slack and rear red zone. */
static inline uintptr_t end_of(const void *user)
{
	struct md_block_view block;

	md_inspect_address(&heap, (uintptr_t)user, &block);
	must(block.valid && block.user == (uintptr_t)user, "no block at %p", user);
	return block.end;
}

#endif
