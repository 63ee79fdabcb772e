/* SPDX-License-Identifier: MIT
 *
 * glibc's heap checks (<mcheck.h>): mcheck, mcheck_pedantic, mcheck_check_all, mprobe. All blocks are checked anyway; these say so, look
 * when they are asked, and call the program's function.
 *
 * As in glibc   mprobe says MCHECK_DISABLED until mcheck was called, and the program's function is called with the kind of damage, whoever
 *               finds it. A bug that was reported before, and comes again, is not reported; of those the function hears from mprobe and
 *               mcheck_check_all.
 * Not as there  without such a function damage is reported, and the option on_error decides whether the program ends; damage is repaired,
 *               and found once; mcheck may be called at any time, because every block has red zones from the start.
 *
 * Locking       none of ours while the program's function runs: it may use the heap and may end the process.
 */
#include <dlfcn.h>
#include <mcheck.h>
#include <stdatomic.h>
#include <string.h>

#define MALLOC_DEBUG_LIBRARY
#include "include/malloc_debug.h"
#include "runtime/boot.h"
#include "runtime/entry.h"
#include "runtime/policy.h"
#include "runtime/unwind.h"
#include "src/inspect.h"

typedef void mcheck_function(enum mcheck_status);

static _Atomic bool used;
static mcheck_function *_Atomic program_function;
static __thread unsigned told __attribute__((tls_model("initial-exec"))); /* calls of it in this thread */

static enum mcheck_status status_of(enum md_error error)
{
	switch (error) {
	case MD_ERROR_HEAP_BUFFER_OVERFLOW: return MCHECK_TAIL;
	case MD_ERROR_HEAP_USE_AFTER_FREE:
	case MD_ERROR_DOUBLE_FREE: return MCHECK_FREE;
	case MD_ERROR_HEAP_BUFFER_UNDERFLOW:
	case MD_ERROR_BAD_FREE: return MCHECK_HEAD;
	default: return MCHECK_OK;
	}
}

static void tell(enum mcheck_status status)
{
	mcheck_function *function = atomic_load(&program_function);

	if (function)
		function(status);
}

/* After each report, wherever it was noticed. */
static void tell_program(const struct malloc_debug_error *error, void *context)
{
	(void)context;
	told++;
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		if (strcmp(md_error_info((enum md_error)i)->slug, error->slug) != 0)
			continue;
		if (status_of((enum md_error)i) != MCHECK_OK)
			tell(status_of((enum md_error)i));
		return;
	}
}

static int begin_checks(mcheck_function *function)
{
	void (*none)(const struct malloc_debug_error *, void *) = NULL;

	atomic_store(&program_function, function);
	/* One that malloc_debug_on_error set stays: it sees the same reports. */
	if (function)
		atomic_compare_exchange_strong(&md_policy_callback, &none, tell_program);
	atomic_store(&used, true);
	return 0;
}

MD_EXPORT int mcheck(mcheck_function *function)
{
	if (md_mode_is(MD_MODE_PASS)) {
		int (*next)(mcheck_function *) = (int (*)(mcheck_function *))dlsym(RTLD_NEXT, "mcheck");

		return next ? next(function) : -1;
	}
	return begin_checks(function);
}

/* The whole heap is checked at each call of this thread, and of those that start later. */
MD_EXPORT int mcheck_pedantic(mcheck_function *function)
{
	struct md_thread *self;

	if (md_mode_is(MD_MODE_PASS)) {
		int (*next)(mcheck_function *) = (int (*)(mcheck_function *))dlsym(RTLD_NEXT, "mcheck_pedantic");

		return next ? next(function) : -1;
	}
	begin_checks(function);
	self = md_entry_begin();
	if (self) {
		md_process.options.check_every = 1;
		self->check_countdown = 1;
		self->attended = true;
		md_entry_end(self);
	}
	return 0;
}

MD_EXPORT void mcheck_check_all(void)
{
	struct md_check_cursor cursor = { 0 };
	enum mcheck_status untold = MCHECK_OK;
	struct md_thread *self;
	bool more = true;

	if (md_mode_is(MD_MODE_PASS)) {
		void (*next)(void) = (void (*)(void))dlsym(RTLD_NEXT, "mcheck_check_all");

		if (next)
			next();
		return;
	}
	self = md_entry_begin();
	if (!self)
		return;
	struct md_call call = { .api = MD_API_CHECK, .stack = md_capture(self) };

	while (more) {
		more = md_check_heap(&md_process.heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call);
		enum mcheck_status first = self->findings.count ? status_of(self->findings.list[0].error) : MCHECK_OK;
		unsigned before = told;

		md_policy_act(self);
		if (first != MCHECK_OK && told == before)
			untold = first;
	}
	md_entry_end(self);
	if (untold != MCHECK_OK)
		tell(untold);
}

MD_EXPORT enum mcheck_status mprobe(void *pointer)
{
	struct md_thread *self;
	struct md_block_view block;
	enum mcheck_status status = MCHECK_HEAD;
	unsigned before = told;

	if (md_mode_is(MD_MODE_PASS)) {
		enum mcheck_status (*next)(void *) = (enum mcheck_status (*)(void *))dlsym(RTLD_NEXT, "mprobe");

		return next ? next(pointer) : MCHECK_DISABLED;
	}
	if (!atomic_load(&used))
		return MCHECK_DISABLED;
	if (md_boot_owns(pointer)) /* from before our start: nothing is known of it */
		return MCHECK_OK;
	self = md_entry_begin();
	if (!self)
		return MCHECK_DISABLED;
	struct md_call call = { .api = MD_API_CHECK, .stack = md_capture(self) };

	md_inspect_address(&md_process.heap, (uintptr_t)pointer, &block);
	if (block.valid && block.user == (uintptr_t)pointer) {
		status = block.state == MD_BLOCK_LIVE ? MCHECK_OK : MCHECK_FREE;
		if (block.state == MD_BLOCK_LIVE || block.state == MD_BLOCK_QUARANTINED)
			md_check_block(&md_process.heap, self, (uintptr_t)pointer, MD_NOTICED_ON_REQUEST, &call);
		if (self->findings.count)
			status = status_of(self->findings.list[0].error);
	}
	md_entry_end(self);

	/* No error by itself, and no report: a block that is free, a pointer that is no block. */
	if (status != MCHECK_OK && told == before)
		tell(status);
	return status;
}
