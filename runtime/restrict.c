/* SPDX-License-Identifier: MIT */
#include "runtime/restrict.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "runtime/actions.h"
#include "runtime/process.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "runtime/watch.h"

MD_EXPORT int prctl(int operation, ...)
{
	va_list list;

	va_start(list, operation);
	unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long), c = va_arg(list, unsigned long),
		      d = va_arg(list, unsigned long);

	va_end(list);
	if ((operation == PR_SET_SECCOMP || operation == PR_SET_NO_NEW_PRIVS) && !md_is_restricted()) {
		md_watch_end("the program restricts its system calls");
		md_process_before_restriction();
		md_sink_before_restriction();
		md_actions_give_back(); /* a filter may not let our handlers do their work */
		atomic_store_explicit(&md_restricted, true, memory_order_relaxed);
	}
	long result = md_syscall5(SYS_prctl, operation, (long)a, (long)b, (long)c, (long)d);

	if (!md_syscall_failed(result))
		return (int)result;
	errno = (int)-result;
	return -1;
}
