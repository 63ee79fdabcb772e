/* SPDX-License-Identifier: MIT
 *
 * Leaks at _exit, _Exit and quick_exit (option leaks_at=_exit).
 *
 * quick_exit is not wrapped: a handler that is registered before all others, and so runs after them, is told of it. What the C library
 * calls inside itself at the end of exit and quick_exit does not come by here.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/entry.h"
#include "runtime/leak_events.h"
#include "runtime/lsan.h"
#include "runtime/syscall.h"
#include "runtime/unwind.h"

int __cxa_at_quick_exit(void (*function)(void *), void *module);

/* Frames between the handler and the caller of quick_exit, as for exit. */
#define QUICK_EXIT_FRAMES 2

static struct {
	void (*exit_now)(int);
	void (*exit_now_c)(int);
} next;

void md_leak_exit_find(void)
{
	next.exit_now = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
	next.exit_now_c = (void (*)(int))dlsym(RTLD_NEXT, "_Exit");
}

/* Returns the status to exit with. */
static int search(struct md_thread *self, const struct md_leaks_here *here, const char *when, int status)
{
	if (!md_lsan_search_at_exit())
		return status;
	if (!md_leak_events_claim()) {
		md_leaks_wait(); /* the last report is being written by another thread */
		return status;
	}
	if (md_leak_events_search(self, here, when) > 0 && md_process.options.leak_exitcode)
		return (int)md_process.options.leak_exitcode;
	return status;
}

/* The caller's frame is live, its registers hold nothing that the program still uses. */
static __attribute__((noinline)) int search_now(uintptr_t sp, const char *when, int status)
{
	struct md_leaks_here here = { .sp = sp };
	struct md_thread *self = md_entry_begin();

	if (!self)
		return status;
	status = search(self, &here, when, status);
	md_entry_end(self);
	return status;
}

static _Noreturn void end(void (*last)(int), int status)
{
	if (last)
		last(status);
	for (;;)
		md_syscall1(SYS_exit_group, status);
}

#define CALLERS_SP ((uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uintptr_t)) /* frame pointer and return address lie below it */

MD_EXPORT void _exit(int status)
{
	if (md_unlikely(md_leak_events_wanted(MD_LEAKS_AT_NOW)))
		status = search_now(CALLERS_SP, "at _exit", status);
	end(next.exit_now, status);
}

MD_EXPORT void _Exit(int status)
{
	if (md_unlikely(md_leak_events_wanted(MD_LEAKS_AT_NOW)))
		status = search_now(CALLERS_SP, "at _Exit", status);
	end(next.exit_now_c, status);
}

static void at_quick_exit_last(void *unused)
{
	struct md_leaks_here here = { .sp = (uintptr_t)__builtin_frame_address(0) };
	struct md_thread *self = md_leak_events_wanted(MD_LEAKS_AT_NOW) ? md_entry_begin() : NULL;
	int status;

	(void)unused;
	if (!self)
		return;
	uintptr_t sp = md_unwind_stack_pointer((const uintptr_t *)__builtin_frame_address(0), QUICK_EXIT_FRAMES);

	if (sp)
		here.sp = sp;
	status = search(self, &here, "at quick_exit", -1);
	md_entry_end(self);
	if (status != -1)
		end(next.exit_now, status);
}

void md_leak_exit_init(void)
{
	__cxa_at_quick_exit(at_quick_exit_last, NULL);
}
