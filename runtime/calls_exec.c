/* SPDX-License-Identifier: MIT */
#include "runtime/calls_exec.h"

#include <errno.h>

#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"

#define KERNEL_MASK_BYTES 8
#define NO_SUCH_WAY (-1L) /* to change a signal mask */

static bool may_tell(void)
{
	return md_process.options.calls && !md_is_restricted() && !md_thread_forking && md_process_pid() == md_process.pid;
}

/* Programs try exec with bad pointers and expect EFAULT: that is not to become a fault of ours. The kernel reads a signal mask before it
 * sees that it is to do nothing with it. */
static bool is_readable(uintptr_t addr)
{
	return md_syscall4(SYS_rt_sigprocmask, NO_SUCH_WAY, (long)addr, 0, KERNEL_MASK_BYTES) != -EFAULT;
}

static bool reaches_new_page(uintptr_t addr)
{
	return (addr - 1) / MD_PAGE_BYTES != (addr + sizeof(char *) - 1) / MD_PAGE_BYTES;
}

void md_calls_exec_string(struct md_calls_scope *scope, const char *string)
{
	if (md_likely(md_calls_string(string, SIZE_MAX, 1)) || !md_mode_is(MD_MODE_ACTIVE))
		return;
	if (may_tell())
		md_calls_bad_string(scope, string, 1);
	md_calls_open_string(string);
}

void md_calls_exec_strings(struct md_calls_scope *scope, char *const *strings)
{
	size_t entries = md_calls_room(strings) / sizeof *strings; /* that its block has; of other memory more than there can be */

	if (!strings || !md_mode_is(MD_MODE_ACTIVE) || md_is_restricted())
		return;
	for (size_t i = 0;; i++) {
		uintptr_t at = (uintptr_t)(strings + i);

		if (md_unlikely(i == entries)) {
			if (may_tell())
				md_calls_bad(scope, MD_ACCESS_READ, strings, (entries + 1) * sizeof *strings);
			md_calls_open_string((const void *)at);
		} else if (i > entries && reaches_new_page(at)) {
			return; /* far enough into what nobody meant as strings */
		}
		if ((i == 0 || i == entries || reaches_new_page(at)) && !is_readable(at))
			return;
		if (!strings[i])
			return;
		md_calls_exec_string(scope, strings[i]);
	}
}
