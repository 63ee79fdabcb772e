/* SPDX-License-Identifier: MIT */
#include "runtime/entry.h"

#include <string.h>

#include "runtime/failures.h"
#include "runtime/foreign.h"
#include "runtime/growth.h"
#include "runtime/leak_events.h"
#include "runtime/leaks.h"
#include "runtime/policy.h"
#include "runtime/profile.h"
#include "runtime/show.h"
#include "runtime/unwind.h"
#include "runtime/watch.h"
#include "runtime/world.h"
#include "src/inspect.h"

#define SCRUBBED_BYTES 1024

static void run_deferred(struct md_thread *self)
{
	while (self->deferred_count) {
		unsigned last = --self->deferred_count;
		uintptr_t user = self->deferred[last].user;
		struct md_call call = self->deferred[last].call;

		if (md_heap_free(&md_process.heap, self, (void *)user, &call) == MD_FREED_FOREIGN)
			md_foreign_free(self, (void *)user, &call);
	}
}

static void check_if_due(struct md_thread *self, const uintptr_t *entry_frame)
{
	struct md_check_cursor cursor = { 0 };
	bool more = true;

	if (--self->check_countdown)
		return;
	struct md_call call = { .api = MD_API_CHECK, .stack = md_unwind_capture(self, entry_frame) };

	self->check_countdown = (uint32_t)md_process.options.check_every;
	while (more) {
		more = md_check_heap(&md_process.heap, self, &cursor, MD_NOTICED_PERIODICALLY, &call);
		md_policy_act(self);
	}
}

static __attribute__((noinline)) void attend(struct md_thread *self, const uintptr_t *entry_frame)
{
	bool check = md_process.options.check_every != 0;

	do {
		self->busy = true;
		self->attended = false;
		atomic_signal_fence(memory_order_seq_cst);
		run_deferred(self);
		if (self->findings.count)
			md_policy_act(self);
		if (check)
			check_if_due(self, entry_frame);
		check = false;
		md_failures_pending(self);
		md_show_pending(self);
		md_leaks_pending(self);
		md_growth_pending(self);
		md_profile_pending();
		md_leak_death_pending(self);
		md_watch_attend(self);
		md_world_attend();
		atomic_signal_fence(memory_order_seq_cst);
		self->busy = false;
		atomic_signal_fence(memory_order_seq_cst);
	} while (self->attended);
	if (md_process.options.check_every || atomic_load_explicit(&md_watch_is_slow, memory_order_relaxed))
		self->attended = true; /* the watchpoints' window is to be closed in time */
}

/* What was done above left block addresses behind. They would lie there when the program's own frames come to this place of the stack, where a search for
 * leaks would take them for pointers of the program. */
static __attribute__((noinline)) void scrub_stack(void)
{
	char dead[SCRUBBED_BYTES];

	memset(dead, 0, sizeof dead);
	__asm__ volatile("" : : "r"(dead) : "memory");
}

void md_entry_attend(struct md_thread *self)
{
	attend(self, *(const uintptr_t *const *)__builtin_frame_address(0)); /* the frame of the entry point that called us */
	scrub_stack();
}

void *md_entry_attend_block(struct md_thread *self, void *block)
{
	void *outer = self->block_to_return; /* of a call that a signal handler interrupted at this point */

	self->block_to_return = block;
	attend(self, *(const uintptr_t *const *)__builtin_frame_address(0));
	scrub_stack();
	block = self->block_to_return;
	self->block_to_return = outer;
	return block;
}
