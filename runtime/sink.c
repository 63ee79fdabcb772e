/* SPDX-License-Identifier: MIT */
#include "runtime/sink.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "report/text.h"
#include "runtime/entry.h"
#include "runtime/log_file.h"
#include "runtime/output.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/unwind.h"
#include "src/os.h"

#define WAIT_NANOSECONDS 2000000000ull
#define STDERR 2

static const char *log_pattern = "stderr";
static struct stat stderr_at_start;
static bool stderr_was_open;

/* Noted before the program restricts itself. */
static bool restricted_color, restricted_usable;

/* Many programs close standard error when they end, in a handler that runs before ours: from then on this is it. */
static int kept_stderr = -1;
static int (*next_fclose)(FILE *);
static uintptr_t exit_begin, exit_end; /* code of exit */

static bool stat_of(int fd, struct stat *status)
{
#if defined(SYS_fstat)
	return md_syscall2(SYS_fstat, fd, (long)status) == 0;
#else
	return md_syscall4(SYS_newfstatat, fd, (long)"", (long)status, 0x1000 /* AT_EMPTY_PATH */) == 0;
#endif
}

void md_sink_init(const char *pattern)
{
	const void *function = dlsym(RTLD_NEXT, "exit");
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	log_pattern = pattern;
	stderr_was_open = stat_of(STDERR, &stderr_at_start);
	next_fclose = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
	if (function && dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol) {
		exit_begin = (uintptr_t)function;
		exit_end = exit_begin + symbol->st_size;
	}
}

bool md_sink_is_terminal(int fd)
{
	char settings[64];

	return !md_is_restricted() && md_syscall3(SYS_ioctl, fd, 0x5401 /* TCGETS */, (long)settings) == 0;
}

static int stderr_now(void)
{
	return kept_stderr >= 0 ? kept_stderr : STDERR;
}

bool md_sink_color(void)
{
	if (md_process.options.color != MD_COLOR_AUTO)
		return md_process.options.color == MD_COLOR_ALWAYS;
	if (md_is_restricted())
		return restricted_color;
	return !md_process.no_color && !strcmp(log_pattern, "stderr") && md_sink_is_terminal(stderr_now());
}

/* Signals that a write may raise are held back, and taken away if it was our write that raised them. */
struct hold {
	uint64_t old_mask, pending_before;
};

#define HELD (1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1))

static void hold_signals(struct hold *hold)
{
	uint64_t mask = HELD;

	hold->pending_before = 0;
	md_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, (long)&mask, (long)&hold->old_mask, sizeof mask);
	md_syscall2(SYS_rt_sigpending, (long)&hold->pending_before, sizeof mask);
}

static void release_signals(const struct hold *hold)
{
	uint64_t ours = HELD & ~hold->pending_before;
	struct timespec now = { 0 };

	while (md_syscall4(SYS_rt_sigtimedwait, (long)&ours, 0, (long)&now, sizeof ours) > 0)
		;
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&hold->old_mask, 0, sizeof hold->old_mask);
}

static int write_all(int fd, const char *text, size_t bytes)
{
	uint64_t until = md_os_nanoseconds() + WAIT_NANOSECONDS;

	while (bytes) {
		/* A blocking pipe whose reader has stopped would hold us for ever: ask first. */
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		uint64_t now = md_os_nanoseconds();
		struct timespec left = { .tv_sec = 0, .tv_nsec = now < until ? 100000000 : 0 };
		long polled = md_syscall5(SYS_ppoll, (long)&ready, 1, (long)&left, 0, 0);

		if (polled == 0 || polled == -EINTR) {
			if (md_os_nanoseconds() >= until)
				return -EAGAIN;
			continue;
		}
		size_t part = bytes;

		if (polled > 0 && S_ISFIFO(stderr_at_start.st_mode) && part > 4096)
			part = 4096; /* what poll promised room for */
		long written = md_syscall3(SYS_write, fd, (long)text, (long)part);

		if (written == -EINTR || written == -EAGAIN) {
			if (md_os_nanoseconds() >= until)
				return -EAGAIN;
			continue;
		}
		if (written <= 0)
			return written ? (int)written : -EIO;
		text += written;
		bytes -= (size_t)written;
	}
	return 0;
}

/* With nothing but write. */
static int write_restricted(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		long written = md_syscall3(SYS_write, fd, (long)text, (long)bytes);

		if (written == -EINTR)
			continue;
		if (written <= 0)
			return written ? (int)written : -EIO;
		text += written;
		bytes -= (size_t)written;
	}
	return 0;
}

/* Several processes may share a pipe or a terminal, which take a long text in pieces: a record lock keeps texts whole. One that nobody lets
 * go of is not waited for longer than the writing itself. (What is appended to a file is whole anyway.) */
static bool lock_shared(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	uint64_t until = md_os_nanoseconds() + WAIT_NANOSECONDS;
	struct timespec brief = { .tv_nsec = 1000000 };
	long result;

	while ((result = md_syscall3(SYS_fcntl, fd, F_SETLK, (long)&lock)) == -EAGAIN || result == -EACCES) {
		if (md_os_nanoseconds() >= until)
			return false;
		md_syscall2(SYS_nanosleep, (long)&brief, 0);
	}
	return result == 0;
}

int md_sink_write_fd(int fd, const char *text, size_t bytes)
{
	struct hold hold;
	struct stat status;
	bool locked = false;

	if (md_is_restricted())
		return write_restricted(fd, text, bytes);
	hold_signals(&hold);
	if (stat_of(fd, &status) && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
		locked = lock_shared(fd, F_WRLCK);
	int result = write_all(fd, text, bytes);

	if (locked)
		lock_shared(fd, F_UNLCK);
	release_signals(&hold);
	return result;
}

int md_sink_write_parts(int fd, const struct iovec *parts, size_t count, int64_t at)
{
	struct iovec left[8];
	struct hold hold;
	int result = 0;

	if (count > sizeof left / sizeof *left)
		return -EINVAL;
	memcpy(left, parts, count * sizeof *left);
	hold_signals(&hold);
	for (size_t first = 0; first < count && !result;) {
		long written = left[first].iov_len ? md_syscall5(SYS_pwritev, fd, (long)&left[first], (long)(count - first), at, 0) : 0;

		if (written < 0 && written != -EINTR)
			result = (int)written;
		if (written == 0 && left[first].iov_len)
			result = -EIO;
		at += written > 0 ? written : 0;
		for (; first < count && (written > 0 || !left[first].iov_len); first++) {
			size_t part = written < (long)left[first].iov_len ? (size_t)written : left[first].iov_len;

			left[first].iov_base = (char *)left[first].iov_base + part;
			left[first].iov_len -= part;
			written -= (long)part;
			if (left[first].iov_len)
				break;
		}
	}
	release_signals(&hold);
	return result;
}

void md_sink_write_file(const char *pattern, const char *text, size_t bytes)
{
	if (md_log_file_append(pattern, text, bytes, false) != 0)
		md_sink_write(text, bytes);
}

static bool is_stderr_of_start(int fd)
{
	struct stat now;

	return stderr_was_open && stat_of(fd, &now) && now.st_dev == stderr_at_start.st_dev && now.st_ino == stderr_at_start.st_ino &&
		now.st_rdev == stderr_at_start.st_rdev;
}

/* Whether exit has called us. */
static bool is_exiting(void)
{
	struct md_thread *self = md_entry_begin();
	struct md_frame frame;
	bool exiting = false;

	if (!self)
		return false;
	md_stack_id stack = md_capture(self);

	for (size_t i = 0; !exiting && md_stack_store_frame(md_process.heap.stacks, stack, i, &frame); i++)
		exiting = frame.pc > exit_begin && frame.pc <= exit_end;
	md_entry_end(self);
	return exiting;
}

/* Only then is it kept: a program that goes on without its standard error has closed it for good, and whoever reads the other end waits for
 * that. */
static __attribute__((noinline)) void keep_stderr(void)
{
	if (kept_stderr >= 0 || md_is_restricted() || !is_stderr_of_start(STDERR) || !is_exiting())
		return;
	long kept = md_syscall3(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, 200);

	if (kept < 0)
		kept = md_syscall3(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, STDERR + 1);
	kept_stderr = kept < 0 ? -1 : (int)kept;
}

__attribute__((optimize("optimize-sibling-calls"))) MD_EXPORT int fclose(FILE *stream)
{
	if (!next_fclose)
		next_fclose = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
	if (md_unlikely(stream == stderr) && md_mode_is(MD_MODE_ACTIVE))
		keep_stderr();
	return next_fclose(stream);
}

static bool stderr_usable(void)
{
	struct stat now;

	if (md_is_restricted())
		return restricted_usable;
	if (!stat_of(STDERR, &now))
		return false;
	if (is_stderr_of_start(STDERR))
		return true;
	return S_ISREG(now.st_mode) || md_sink_is_terminal(STDERR);
}

void md_sink_before_restriction(void)
{
	restricted_color = md_sink_color();
	restricted_usable = stderr_usable();
}

static void write_stderr(const char *text, size_t bytes)
{
	if (stderr_usable())
		md_sink_write_fd(STDERR, text, bytes);
	else if (kept_stderr >= 0 && is_stderr_of_start(kept_stderr))
		md_sink_write_fd(kept_stderr, text, bytes);
	else if (stderr_was_open) /* started without standard error at all: nobody wants to hear */
		md_log_file_append("/tmp/malloc-debug.%e.%p.log", text, bytes, false);
}

bool md_sink_is_stderr(void)
{
	return strcmp(log_pattern, "stderr") == 0;
}

void md_sink_write_log(const char *text, size_t bytes, bool whole)
{
	if (md_sink_is_stderr() || md_log_file_append(log_pattern, text, bytes, whole) != 0)
		write_stderr(text, bytes);
}

void md_sink_write(const char *text, size_t bytes)
{
	switch (md_process.options.format) {
	case MD_FORMAT_JSON:
		if (!md_output_message(text, bytes))
			write_stderr(text, bytes);
		break;
	case MD_FORMAT_SARIF: /* has no place for it in the document */
		write_stderr(text, bytes);
		break;
	default:
		md_sink_write_log(text, bytes, false);
	}
}
