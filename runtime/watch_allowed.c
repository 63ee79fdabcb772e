/* SPDX-License-Identifier: MIT
 *
 * Whether watchpoints may be set: what else is at work in this process, and why the system refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "runtime/signal_action.h"
#include "runtime/syscall.h"
#include "runtime/watch.h"

/* A number of /proc/self/status, 0 if it is not there. */
static unsigned long read_status(const char *status, const char *name)
{
	const char *at = strstr(status, name);
	unsigned long number = 0;

	if (!at)
		return 0;
	for (at += strlen(name); *at == '\t' || *at == ' '; at++)
		;
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (unsigned long)(*at - '0');
	return number;
}

bool md_watch_is_traced(bool *threads)
{
	char status[2048];
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY | O_CLOEXEC, 0);

	*threads = false;
	if (md_syscall_failed(fd))
		return false;
	long got = md_syscall3(SYS_read, fd, (long)status, sizeof status - 1);

	md_syscall1(SYS_close, fd);
	status[got > 0 ? got : 0] = '\0';
	*threads = read_status(status, "\nThreads:") > 1;
	return read_status(status, "\nTracerPid:") != 0;
}

/* Valgrind hands perf_event_open on, and repeats the instruction that a trap interrupted, which traps again, for ever. Its manual ("The
 * Client Request mechanism") has this question; to a processor the instructions are without effect. */
bool md_watch_is_emulated(void)
{
#if defined(__x86_64__)
	const unsigned long question[6] = { 0x1001 };
	unsigned long answer = 0;

	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
		: "+d"(answer)
		: "a"(question)
		: "cc", "memory");
	return answer != 0;
#else
	return false;
#endif
}

bool md_watch_signals_come(void)
{
	struct md_signal_action now;

	return md_signal_action_set(SIGTRAP, NULL, &now) == 0 && (uintptr_t)now.handler >= md_process.library_begin &&
		(uintptr_t)now.handler < md_process.library_end;
}

const char *md_watch_refusal(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES:
		return "the system does not allow them (kernel.perf_event_paranoid, or a filter)";
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
	case ENOSYS:
		return "the system has none";
	case EINVAL:
	case E2BIG:
		return "the kernel is too old (5.13 is needed)";
	case EBUSY:
	case ENOSPC:
		return "somebody else uses the processor's debug registers";
	case EMFILE:
	case ENFILE:
		return "no descriptor is left for them";
	default:
		return "the system refuses them";
	}
}
