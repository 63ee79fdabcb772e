/* SPDX-License-Identifier: MIT */
#include "tools/fail_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands.h"

#define OUTPUT_MAX ((off_t)64 << 20) /* a program that writes more is caught in a loop */
#define LOOK_MS 100

static sigset_t mask_before;

void md_fail_run_begin(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &mask_before);
}

const char *md_fail_run_file(const struct md_fail_run *run, enum md_fail_file file)
{
	static const char *const names[MD_FAIL_FILES] = { "out", "err", "json", "list", "log" };
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%u.%s", run->folder, run->slot, names[file]);
	return path;
}

void md_fail_run_remove(const struct md_fail_run *run)
{
	for (int i = 0; i < MD_FAIL_FILES; i++)
		unlink(md_fail_run_file(run, (enum md_fail_file)i));
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* In the child. */
static void redirect(int to, const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		_exit(MD_EXIT_CANNOT_EXECUTE);
	if (fd != to) {
		dup2(fd, to);
		close(fd);
	}
}

static void prepare(const struct md_fail_run *run, uint64_t key)
{
	const struct rlimit no_core = { 0 };
	struct stat input;
	char text[32];

	setsid();
	setrlimit(RLIMIT_CORE, &no_core);
	if (fstat(STDIN_FILENO, &input) || !S_ISREG(input.st_mode))
		redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
	else
		redirect(STDIN_FILENO, "/proc/self/fd/0", O_RDONLY); /* from its begin, each for itself */
	redirect(STDOUT_FILENO, md_fail_run_file(run, MD_FAIL_OUT), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
	redirect(STDERR_FILENO, md_fail_run_file(run, MD_FAIL_ERR), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
	setenv("MALLOC_DEBUG_JSON_FILE", md_fail_run_file(run, MD_FAIL_JSON), 1);
	setenv("MALLOC_DEBUG_FAIL_LIST", md_fail_run_file(run, MD_FAIL_LIST), 1);
	setenv("MALLOC_DEBUG_LOG", md_fail_run_file(run, MD_FAIL_LOG), 1);
	if (key) {
		snprintf(text, sizeof text, "0x%" PRIx64, key);
		setenv("MALLOC_DEBUG_FAIL_STACK", text, 1);
		setenv("MALLOC_DEBUG_FAIL_COUNT", "1", 1);
	}
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

bool md_fail_run_start(struct md_fail_run *run, char **arguments, uint64_t key, unsigned timeout_seconds)
{
	md_fail_run_remove(run);
	run->timed_out = false;
	run->status = 0;
	run->deadline = now() + (uint64_t)timeout_seconds * 1000;
	fflush(NULL);
	run->pid = fork();
	if (run->pid < 0) {
		run->pid = 0;
		perror("malloc-debug fail-sweep: fork");
		return false;
	}
	if (run->pid == 0) {
		prepare(run, key);
		execvp(arguments[0], arguments);
		_exit(errno == ENOENT ? MD_EXIT_NOT_FOUND : MD_EXIT_CANNOT_EXECUTE);
	}
	return true;
}

static void end(const struct md_fail_run *run)
{
	kill(-run->pid, SIGKILL);
	kill(run->pid, SIGKILL); /* it may not have its session yet */
}

static bool writes_without_end(const struct md_fail_run *run)
{
	struct stat out, err;

	return (stat(md_fail_run_file(run, MD_FAIL_OUT), &out) == 0 && out.st_size > OUTPUT_MAX) ||
		(stat(md_fail_run_file(run, MD_FAIL_ERR), &err) == 0 && err.st_size > OUTPUT_MAX);
}

static struct md_fail_run *take_ended(struct md_fail_run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct md_fail_run *run = &runs[i];

		if (!run->pid || waitpid(run->pid, &run->status, WNOHANG) != run->pid)
			continue;
		kill(-run->pid, SIGKILL); /* what it left behind */
		run->pid = 0;
		return run;
	}
	return NULL;
}

struct md_fail_run *md_fail_run_wait(struct md_fail_run *runs, size_t count)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	struct md_fail_run *ended;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	while (!(ended = take_ended(runs, count))) {
		int got = sigtimedwait(&signals, NULL, &look);

		for (size_t i = 0; i < count; i++) {
			if (!runs[i].pid)
				continue;
			if (got == SIGINT || got == SIGTERM) {
				end(&runs[i]);
				waitpid(runs[i].pid, &runs[i].status, 0);
				runs[i].pid = 0;
			} else if (!runs[i].timed_out && (now() >= runs[i].deadline || writes_without_end(&runs[i]))) {
				runs[i].timed_out = true;
				end(&runs[i]);
			}
		}
		if (got == SIGINT || got == SIGTERM)
			return NULL;
	}
	return ended;
}
