/* SPDX-License-Identifier: MIT */
#include "runtime/exit.h"

#include <stddef.h>

#include "runtime/entry.h"
#include "runtime/leak_events.h"
#include "runtime/leaks.h"
#include "runtime/lsan.h"
#include "runtime/policy.h"
#include "runtime/profile.h"
#include "runtime/show.h"
#include "runtime/suppress.h"
#include "runtime/syscall.h"
#include "runtime/unwind.h"
#include "src/inspect.h"

int __cxa_atexit(void (*function)(void *), void *argument, void *module);

/* Frames between us and the caller of exit: the C library's loop over handlers, and exit itself. What lies below that caller is dead; if
 * main has returned, main's frame too. */
#define EXIT_FRAMES 2

static void look_for_leaks(struct md_thread *self, const uintptr_t *entry)
{
	struct md_leaks_here here = { .sp = md_unwind_stack_pointer(entry, EXIT_FRAMES) }; /* registers hold nothing that the program still uses */
	struct md_leaks_request request = { .when = MD_LEAKS_AT_EXIT, .fd = MD_TO_SINK };

	md_leak_events_limit(&request);
	if (!here.sp)
		here.sp = (uintptr_t)entry;
	md_leaks_search(self, &here, &request, NULL);
}

static void at_exit(void *unused)
{
	struct md_thread *self = md_entry_begin();
	struct md_check_cursor cursor = { 0 };
	struct md_call call = { .api = MD_API_EXIT };
	bool more = true;

	(void)unused;
	if (!self)
		return;
	while (more) {
		more = md_check_heap(&md_process.heap, self, &cursor, MD_NOTICED_AT_EXIT, &call);
		md_policy_act(self);
	}
	md_profile_at_exit();
	if (md_process.options.leaks && md_leak_events_may_search() && md_lsan_search_at_exit() && md_leak_events_claim())
		look_for_leaks(self, (const uintptr_t *)__builtin_frame_address(0));
	if (md_process.options.show || md_process.options.stats)
		md_show_items(false, true);
	md_suppress_tell_unused();
	md_entry_end(self);
	if (md_process.exit_status_wanted)
		md_policy_exit(md_process.exit_status_wanted);
}

void md_exit_init(void)
{
	/* No module: it then belongs to the program, and is not run when ours would be unloaded. */
	__cxa_atexit(at_exit, NULL, NULL);
}
