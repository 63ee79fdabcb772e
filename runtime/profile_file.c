/* SPDX-License-Identifier: MIT */
#include "runtime/profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "src/options.h"

/* Puts a number in place of each %n; the rest is for md_log_file_path. True if there is a %p. */
static bool put_number(const char *pattern, uint64_t number, struct md_text *text)
{
	bool has_pid = false;

	for (; *pattern; pattern++) {
		if (*pattern != '%' || !pattern[1]) {
			md_text_char(text, *pattern);
			continue;
		}
		pattern++;
		has_pid |= *pattern == 'p';
		if (*pattern == 'n') {
			md_text_uint(text, number);
		} else {
			md_text_char(text, '%');
			md_text_char(text, *pattern);
		}
	}
	return has_pid;
}

static bool make_paths(struct md_profile_file *file, const char *pattern, uint64_t number)
{
	struct md_text text;

	md_text_init(&text, file->temporary, sizeof file->temporary - 1, false);
	if (!put_number(pattern, number, &text) && md_process_pid() != md_process.pid_at_start)
		md_text_put(&text, ".%p");
	file->temporary[text.length] = '\0';
	md_log_file_path(file->temporary, file->path);
	md_text_init(&text, file->temporary, sizeof file->temporary - 1, false);
	md_textf(&text, "%s.%u.part", file->path, md_process_pid());
	file->temporary[text.length] = '\0';
	return !text.cut;
}

int md_profile_file_open(struct md_profile_file *file, const char *pattern, uint64_t number)
{
	struct stat status;

	if (md_is_restricted())
		return -EPERM;
	if (!make_paths(file, pattern, number))
		return -ENAMETOOLONG;
	file->replaces = md_syscall4(SYS_newfstatat, AT_FDCWD, (long)file->path, (long)&status, 0) != 0 || S_ISREG(status.st_mode);
	if (!file->replaces) {
		/* Nobody at the other end of a pipe must not hold us. */
		file->fd = md_log_file_open(file->path, O_WRONLY | O_APPEND | O_NONBLOCK);
	} else {
		md_syscall3(SYS_unlinkat, AT_FDCWD, (long)file->temporary, 0); /* of a process with our number that was killed */
		file->fd = md_log_file_open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
	}
	return file->fd < 0 ? (int)file->fd : 0;
}

int md_profile_file_close(struct md_profile_file *file, int error)
{
	md_syscall1(SYS_close, file->fd);
	if (!file->replaces)
		return error;
	if (!error)
		error = (int)md_syscall5(SYS_renameat2, AT_FDCWD, (long)file->temporary, AT_FDCWD, (long)file->path, 0);
	if (error)
		md_syscall3(SYS_unlinkat, AT_FDCWD, (long)file->temporary, 0);
	return error;
}
