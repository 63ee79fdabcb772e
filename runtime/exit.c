/* SPDX-License-Identifier: MIT */
#include "runtime/exit.h"

#include <stddef.h>

#include "runtime/entry.h"
#include "runtime/policy.h"
#include "runtime/show.h"
#include "src/inspect.h"

int __cxa_atexit(void (*function)(void *), void *argument, void *module);

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
	if (md_process.options.show || md_process.options.stats)
		md_show_items(false, true);
	md_entry_end(self);
	if (md_process.exit_status_wanted)
		md_policy_exit(md_process.exit_status_wanted);
}

void md_exit_init(void)
{
	/* No module: it then belongs to the program, and is not run when ours would be unloaded. */
	__cxa_atexit(at_exit, NULL, NULL);
}
