/* SPDX-License-Identifier: MIT */
#include "runtime/history_file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "report/text.h"
#include "runtime/log_file.h"
#include "runtime/process.h"
#include "runtime/syscall.h"
#include "src/history_file.h"

#define TRIES 4 /* while others make and rename files of the same name */
#define FIELD_PARENT 4 /* of /proc/PID/stat */
#define FIELD_START 22
#define ANCESTORS_MAX 256

void md_history_place_path(const char *pattern, char path[MD_HISTORY_PATH_BYTES])
{
	char expanded[MD_HISTORY_PATH_BYTES];

	md_log_file_path(pattern, expanded);
	size_t length = strlen(expanded);
	long folder = expanded[0] == '/' ? 0 : md_syscall2(SYS_getcwd, (long)path, MD_HISTORY_PATH_BYTES);

	if (folder <= 0 || path[0] != '/' || (size_t)folder + length + 1 > MD_HISTORY_PATH_BYTES) { /* absolute, or nothing better */
		memcpy(path, expanded, length + 1);
		return;
	}
	path[folder - 1] = '/'; /* getcwd counts its NUL */
	memcpy(path + folder, expanded, length + 1);
}

static long open_at(const char *path, int flags)
{
	return md_log_file_open(path, flags | O_NOFOLLOW | O_NONBLOCK);
}

static long stat_of(long fd, struct stat *status)
{
	return md_syscall4(SYS_newfstatat, fd, (long)"", (long)status, AT_EMPTY_PATH);
}

/* A number of /proc/PID/stat; 0 if there is no such process. */
static uint64_t process_field(uint32_t pid, int wanted)
{
	char name[32], stat[1024];
	struct md_text text;
	uint64_t number = 0;

	md_text_init(&text, name, sizeof name - 1, false);
	md_textf(&text, "/proc/%u/stat", pid);
	name[text.length] = '\0';
	long fd = open_at(name, O_RDONLY), got = fd < 0 ? 0 : md_syscall3(SYS_read, fd, (long)stat, sizeof stat - 1);

	if (fd >= 0)
		md_syscall1(SYS_close, fd);
	stat[got > 0 ? got : 0] = '\0';
	const char *at = strrchr(stat, ')'); /* the second field, a name that may hold anything */

	for (int field = 2; at && field < wanted; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	for (; at && *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number;
}

uint64_t md_history_process_start(uint32_t pid)
{
	return process_field(pid, FIELD_START);
}

bool md_history_process_is_ancestor(uint32_t pid)
{
	uint32_t ancestor = md_process_pid();

	for (int i = 0; ancestor && i < ANCESTORS_MAX; i++) {
		ancestor = (uint32_t)process_field(ancestor, FIELD_PARENT);
		if (ancestor == pid)
			return true;
	}
	return false;
}

/* Whoever makes a file holds a lock on it until its header says whose it is. On a file system without locks nobody holds one. */
static void lock_file(long fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	md_syscall3(SYS_fcntl, fd, F_OFD_SETLK, (long)&lock);
}

static bool is_locked(long fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return !md_syscall3(SYS_fcntl, fd, F_OFD_GETLK, (long)&lock) && lock.l_type != F_UNLCK;
}

/* What is at path may go: an empty file, or a history of somebody who is not there any more. *worthless: nobody will miss it. */
static long may_go(const char *path, uint32_t *owner, bool *worthless)
{
	struct md_history_file_header header = { .magic = "" };
	struct stat status;
	long fd = open_at(path, O_RDONLY);

	if (fd < 0)
		return fd;
	long result = stat_of(fd, &status), got = 0;

	if (!result && S_ISREG(status.st_mode))
		got = md_syscall3(SYS_read, fd, (long)&header, sizeof header);
	if (!result && !header.magic[0] && is_locked(fd))
		result = -EBUSY;
	md_syscall1(SYS_close, fd);
	if (result)
		return result;
	if (!S_ISREG(status.st_mode))
		return -EEXIST;
	*worthless = !got;
	if (!got)
		return 0;
	if (got < (long)sizeof header || memcmp(header.magic, MD_HISTORY_FILE_MAGIC, sizeof header.magic) != 0)
		return -EEXIST;
	uint64_t start = header.pid == md_process_pid() ? 0 : md_history_process_start(header.pid);

	if (header.pid == md_process_pid() && header.parent_pid) /* between fork and exec */
		*worthless = true;
	if (start && start == header.process_start) {
		*owner = header.pid;
		return -EBUSY;
	}
	return 0;
}

static long put_aside(const char *path)
{
	char name[MD_HISTORY_PATH_BYTES + 8];
	struct md_text text;

	md_text_init(&text, name, sizeof name - 1, false);
	md_textf(&text, "%s.1", path);
	name[text.length] = '\0';
	return md_syscall5(SYS_renameat2, AT_FDCWD, (long)path, AT_FDCWD, (long)name, 0);
}

long md_history_place_create(struct md_history_place *place, uint32_t *owner)
{
	*owner = 0;
	for (int i = 0; i < TRIES; i++) {
		long fd = open_at(place->path, O_RDWR | O_CREAT | O_EXCL), result;
		bool worthless = false;
		struct stat status;

		if (fd >= 0) {
			lock_file(fd);
			if (stat_of(fd, &status)) {
				md_syscall1(SYS_close, fd);
				return -EIO;
			}
			place->device = status.st_dev;
			place->inode = status.st_ino;
			return fd;
		}
		if (fd != -EEXIST)
			return fd;
		result = may_go(place->path, owner, &worthless);
		if (!result)
			result = worthless ? md_syscall3(SYS_unlinkat, AT_FDCWD, (long)place->path, 0) : put_aside(place->path);
		if (result && result != -ENOENT)
			return result == -ELOOP ? -EEXIST : result;
	}
	return -EEXIST;
}

long md_history_place_open(const struct md_history_place *place)
{
	struct stat status;
	long fd = open_at(place->path, O_RDWR);

	if (fd < 0)
		return fd;
	if (!stat_of(fd, &status) && status.st_dev == place->device && status.st_ino == place->inode)
		return fd;
	md_syscall1(SYS_close, fd);
	return -ESTALE;
}

/* Where the file system cannot set room aside, or not at once, it is written to. */
static long write_zeros(long fd, uint64_t offset, uint64_t bytes)
{
	static const char zeros[16384];

	while (bytes > 0) {
		long wrote = md_syscall4(SYS_pwrite64, fd, (long)zeros, (long)(bytes < sizeof zeros ? bytes : sizeof zeros), (long)offset);

		if (wrote == -EINTR)
			continue;
		if (wrote <= 0)
			return wrote ? wrote : -ENOSPC;
		offset += (uint64_t)wrote;
		bytes -= (uint64_t)wrote;
	}
	return 0;
}

long md_history_place_extend(long fd, uint64_t offset, uint64_t bytes)
{
	struct rlimit limit;
	long result;

	/* To ask for more than this would bring a SIGXFSZ. */
	if (!md_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit) && limit.rlim_cur != RLIM_INFINITY && offset + bytes > limit.rlim_cur)
		return -EFBIG;
	result = md_syscall4(SYS_fallocate, fd, 0, (long)offset, (long)bytes);
	/* A signal makes some file systems give back all that they had set aside: a program with a timer would never get to the end of it. */
	if (result == -EOPNOTSUPP || result == -ENOSYS || result == -EINTR)
		result = write_zeros(fd, offset, bytes);
	if (result)
		md_syscall2(SYS_ftruncate, fd, (long)offset);
	return result;
}

void md_history_place_remove(const struct md_history_place *place)
{
	md_syscall3(SYS_unlinkat, AT_FDCWD, (long)place->path, 0);
}
