/* SPDX-License-Identifier: MIT */
#include "runtime/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "src/os.h"

#define LOCK_NANOSECONDS 2000000000ull
#define HIGH_FD 200
#define TRIES 8       /* to get a file that nobody puts aside at that moment */
#define HEAD_BYTES 96 /* of a document's head that are compared; what follows may be another version's */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void md_log_file_path(const char *pattern, char path[MD_LOG_PATH_BYTES])
{
	struct md_text text;

	md_text_init(&text, path, MD_LOG_PATH_BYTES - 1, false);
	for (; *pattern; pattern++) {
		if (*pattern != '%' || !pattern[1]) {
			md_text_char(&text, *pattern);
			continue;
		}
		switch (*++pattern) {
		case 'p':
			md_text_uint(&text, md_process_pid());
			break;
		case 'e':
			md_text_put(&text, base_name(md_process.program));
			break;
		case 't':
			md_text_uint(&text, md_process.start_seconds);
			break;
		case '%':
			md_text_char(&text, '%');
			break;
		default:
			md_text_char(&text, '%');
			md_text_char(&text, *pattern);
		}
	}
	path[text.length] = '\0';
}

long md_log_file_open(const char *path, int flags)
{
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0 || fd > 2)
		return fd;
	/* A program that closed 0-2 must not find our file there while we write. */
	long high = md_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (md_syscall_failed(high)) /* there may be fewer descriptors */
		high = md_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	md_syscall1(SYS_close, fd);
	return high;
}

static long open_file(const char *path, int flags)
{
	return md_log_file_open(path, flags | O_CREAT | O_NOFOLLOW);
}

static bool stat_at(long fd, const char *path, int flags, struct stat *status)
{
	return md_syscall4(SYS_newfstatat, fd, (long)path, (long)status, flags) == 0;
}

/* A file system without locks, or a writer that does not let go: then it has to do without. */
static void lock_file(long fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct timespec brief = { .tv_nsec = 1000000 };
	uint64_t until = md_os_nanoseconds() + LOCK_NANOSECONDS;

	for (;;) {
		long result = md_syscall3(SYS_fcntl, fd, F_OFD_SETLK, (long)&lock);

		if ((result != -EAGAIN && result != -EACCES) || md_os_nanoseconds() >= until)
			return;
		md_syscall2(SYS_nanosleep, (long)&brief, 0);
	}
}

/* A child that was forked meanwhile, past our handlers, has the file open still: it must not keep the lock. */
static void close_file(long fd)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	md_syscall3(SYS_fcntl, fd, F_OFD_SETLK, (long)&lock);
	md_syscall1(SYS_close, fd);
}

static const char *numbered(char name[MD_LOG_PATH_BYTES + 8], const char *path, unsigned number)
{
	struct md_text text;

	md_text_init(&text, name, MD_LOG_PATH_BYTES + 7, false);
	md_text_put(&text, path);
	if (number)
		md_textf(&text, ".%u", number);
	name[text.length] = '\0';
	return name;
}

/* PATH becomes PATH.1, and so on up to `keep` of them; keep == 0: it goes. */
static void put_aside(const char *path, unsigned keep)
{
	char from[MD_LOG_PATH_BYTES + 8], to[MD_LOG_PATH_BYTES + 8];

	if (!keep)
		md_syscall3(SYS_unlinkat, AT_FDCWD, (long)path, 0);
	for (unsigned i = keep; i-- > 0;)
		md_syscall5(SYS_renameat2, AT_FDCWD, (long)numbered(from, path, i), AT_FDCWD, (long)numbered(to, path, i + 1), 0);
}

static bool is_too_large(const struct stat *status, size_t more)
{
	uint64_t max = md_process.options.log_max;

	return max && status->st_size > 0 && (uint64_t)status->st_size + more > max;
}

/* Opens and locks the file that is at path now, with room for so many bytes more. Returns a descriptor or a negated errno value. */
static long open_locked(const char *path, int flags, size_t more, struct stat *status)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct stat there = { 0 };
		long fd = open_file(path, flags);

		if (fd < 0)
			return fd;
		if (!stat_at(fd, "", AT_EMPTY_PATH, status)) {
			md_syscall1(SYS_close, fd);
			return -EIO;
		}
		if (!S_ISREG(status->st_mode))
			return fd;
		lock_file(fd);
		stat_at(fd, "", AT_EMPTY_PATH, status); /* again: it may have grown meanwhile */
		if (stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &there) && there.st_ino == status->st_ino &&
			there.st_dev == status->st_dev) {
			if (!is_too_large(status, more))
				return fd;
			put_aside(path, (unsigned)md_process.options.log_keep);
		}
		close_file(fd);
	}
	return -EBUSY;
}

int md_log_file_append(const char *pattern, const char *text, size_t bytes, bool whole)
{
	char path[MD_LOG_PATH_BYTES];
	struct stat status = { 0 };
	bool locked = whole || md_process.options.log_max;

	if (md_is_restricted())
		return -EPERM;
	md_log_file_path(pattern, path);
	long fd = locked ? open_locked(path, O_WRONLY | O_APPEND, bytes, &status) : open_file(path, O_WRONLY | O_APPEND);

	if (fd < 0)
		return (int)fd;
	int result = md_sink_write_fd((int)fd, text, bytes);

	if (result && locked && whole && S_ISREG(status.st_mode))
		md_syscall2(SYS_ftruncate, fd, status.st_size);
	close_file(fd);
	return result;
}

/* --- documents --------------------------------------------------------------------- */

static bool holds(long fd, off_t at, const char *text, size_t bytes)
{
	char found[HEAD_BYTES];

	return bytes <= sizeof found && at >= 0 && md_syscall4(SYS_pread64, fd, (long)found, (long)bytes, at) == (long)bytes &&
		memcmp(found, text, bytes) == 0;
}

enum document_state { DOCUMENT_NONE, DOCUMENT_EMPTY, DOCUMENT_FILLED, DOCUMENT_DAMAGED, DOCUMENT_FOREIGN };

static enum document_state look_at(long fd, const struct stat *status, const struct md_log_document *document)
{
	size_t head = document->head_bytes < HEAD_BYTES ? document->head_bytes : HEAD_BYTES;
	off_t tail = status->st_size - (off_t)document->tail_bytes;
	char last;

	if (!status->st_size)
		return DOCUMENT_NONE;
	if (!holds(fd, 0, document->head, head))
		return DOCUMENT_FOREIGN;
	if (!holds(fd, tail, document->tail, document->tail_bytes) || md_syscall4(SYS_pread64, fd, (long)&last, 1, tail - 1) != 1)
		return DOCUMENT_DAMAGED;
	return last == '\n' ? DOCUMENT_EMPTY : DOCUMENT_FILLED; /* a head ends with a newline, a body does not */
}

static int write_document(long fd, off_t at, bool is_new, bool separate, const struct md_log_document *document)
{
	struct iovec parts[4] = {
		{ (void *)document->head, is_new ? document->head_bytes : 0 },
		{ (void *)document->separator, separate ? document->separator_bytes : 0 },
		{ (void *)document->body, document->body_bytes },
		{ (void *)document->tail, document->tail_bytes },
	};
	int result = md_sink_write_parts((int)fd, parts, 4, at);

	if (result) { /* as it was before */
		md_syscall2(SYS_ftruncate, fd, at);
		if (!is_new)
			md_sink_write_parts((int)fd, &parts[3], 1, at);
	}
	return result;
}

int md_log_file_add(const char *pattern, const struct md_log_document *document)
{
	char path[MD_LOG_PATH_BYTES];
	struct stat status = { 0 };

	if (md_is_restricted())
		return -EPERM;
	md_log_file_path(pattern, path);
	for (unsigned i = 0; i < 2; i++) {
		long fd = open_locked(path, O_RDWR, document->body_bytes, &status);
		int result = 0;

		if (fd < 0)
			return (int)fd;
		enum document_state state = S_ISREG(status.st_mode) ? look_at(fd, &status, document) : DOCUMENT_FOREIGN;

		if (state == DOCUMENT_FOREIGN)
			result = -EINVAL;
		else if (state == DOCUMENT_DAMAGED)
			put_aside(path, md_process.options.log_keep ? (unsigned)md_process.options.log_keep : 1);
		else if (state == DOCUMENT_NONE || document->body_bytes)
			result = write_document(fd, state == DOCUMENT_NONE ? 0 : status.st_size - (off_t)document->tail_bytes,
				state == DOCUMENT_NONE, state == DOCUMENT_FILLED, document);
		close_file(fd);
		if (state != DOCUMENT_DAMAGED)
			return result;
	}
	return -EIO;
}
