/* SPDX-License-Identifier: MIT
 *
 * Starting another program with strings that are freed, or have no end, which the kernel reads: one way, by the argument; without one it
 * lists all, with what their reports have to say (see calls_bad.c). Each has to go as it would without the library.
 */
// build: -fno-builtin
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("line %d: %s (errno %d)\n", __LINE__, #condition, errno); \
			exit(1); \
		} \
	} while (0)

static char *arguments[] = { "sh", "-c", "exit 7", NULL };

/* A block of 20 bytes that is in the environment, and freed. */
static void end_environment(void)
{
	char *entry = malloc(20);

	strcpy(entry, "LEFT=1");
	CHECK(putenv(entry) == 0);
	free(entry);
}

static char *ended(const char *text)
{
	char *copy = malloc(20);

	strcpy(copy, text);
	free(copy);
	return copy;
}

static char **ended_vector(void)
{
	char **vector = malloc(40);

	memcpy(vector, arguments, sizeof arguments);
	free(vector);
	return vector;
}

static char *unended(void)
{
	return memset(malloc(16), 'a', 16); /* its size leaves no slack, which a string would go on in */
}

static void expect_status(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void expect_spawned(int (*spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
	char *const[]), const char *path, char **given)
{
	pid_t pid;

	CHECK(spawn(&pid, path, NULL, NULL, given, environ) == 0);
	expect_status(pid);
}

static void expect_popen(const char *command)
{
	char line[20] = "";
	FILE *file = popen(command, "r");

	CHECK(file && fgets(line, sizeof line, file) && !strcmp(line, "hello\n") && pclose(file) == 0);
}

/* In a child of fork, which makes the report. */
#define FORKED(call) \
	pid_t pid = fork(); \
\
	if (pid == 0) { \
		call; \
		_exit(1); \
	} \
	expect_status(pid)

#define BADS \
	BAD(system, "20-byte block", "in system", end_environment(); CHECK(system("exit 7") >> 8 == 7)) \
	BAD(system_command, "20-byte block", "in system", CHECK(system(ended("exit 7")) >> 8 == 7)) \
	BAD(popen, "20-byte block", "in popen", end_environment(); expect_popen("echo hello")) \
	BAD(popen_command, "20-byte block", "in popen", expect_popen(ended("echo hello"))) \
	BAD(posix_spawn, "20-byte block", "in posix_spawn", end_environment(); expect_spawned(posix_spawn, "/bin/sh", arguments)) \
	BAD(posix_spawnp, "20-byte block", "in posix_spawnp", end_environment(); expect_spawned(posix_spawnp, "sh", arguments)) \
	BAD(posix_spawnp_arguments, "40-byte block", "in posix_spawnp", expect_spawned(posix_spawnp, "sh", ended_vector())) \
	BAD(execl, "20-byte block", "in execl", end_environment(); FORKED(execl("/bin/sh", "sh", "-c", "exit 7", NULL))) \
	BAD(execl_argument, "20-byte block", "in execl", FORKED(execl("/bin/sh", "sh", "-c", ended("exit 7"), NULL))) \
	BAD(execl_here, "20-byte block", "in execl", end_environment(); fflush(stdout); execl("/bin/echo", "echo", "went on", NULL)) \
	BAD(execl_unended, "16-byte block", "in execl", FORKED(execl("/bin/sh", "sh", "-c", "exit 7", unended(), NULL))) \
	BAD(execlp, "20-byte block", "in execlp", end_environment(); FORKED(execlp("sh", "sh", "-c", "exit 7", NULL))) \
	BAD(execle, "20-byte block", "in execle", end_environment(); FORKED(execle("/bin/sh", "sh", "-c", "exit 7", NULL, environ))) \
	BAD(execve, "20-byte block", "in execve", FORKED(execve(ended("/bin/sh"), arguments, environ))) \
	BAD(execv, "40-byte block", "in execv", FORKED(execv("/bin/sh", ended_vector()))) \
	BAD(execvp, "20-byte block", "in execvp", FORKED(execvp(ended("sh"), arguments))) \
	BAD(execvpe, "20-byte block", "in execvpe", end_environment(); FORKED(execvpe("sh", arguments, environ))) \
	BAD(fexecve, "20-byte block", "in fexecve", end_environment(); FORKED(fexecve(open("/bin/sh", O_RDONLY), arguments, environ))) \
	BAD(execveat, "20-byte block", "in execveat", end_environment(); \
		FORKED(execveat(AT_FDCWD, ended("/bin/sh"), arguments, (char *[]){ "A=1", NULL }, 0)))

#define BAD(name, where, access, ...) \
	static void bad_##name(void) \
	{ \
		__VA_ARGS__; \
	}
BADS
#undef BAD

static const struct row {
	const char *name, *where, *access;
	void (*function)(void);
} rows[] = {
#define BAD(name, where, access, ...) { #name, where, access, bad_##name },
	BADS
#undef BAD
};

/* The child shares the parent's memory: it makes its call work, and leaves the report to others. */
static void by_vfork(void)
{
	end_environment();
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/bin/sh", arguments);
		_exit(1);
	}
	expect_status(pid);
}

/* What the kernel is to refuse, it refuses. */
static void refused(void)
{
	char *volatile nowhere = (char *)16;
	char *unreadable[] = { "sh", nowhere, NULL };

	CHECK(execv("/bin/sh", (char **)nowhere) == -1 && errno == EFAULT);
	CHECK(execv("/bin/sh", unreadable) == -1 && errno == EFAULT);
	CHECK(execve("/bin/sh", arguments, (char **)nowhere) == -1 && errno == EFAULT);
	CHECK(execve(nowhere, arguments, environ) == -1 && errno == EFAULT);
	CHECK(posix_spawn(&(pid_t){ 0 }, "/bin/sh", NULL, NULL, unreadable, environ) == EFAULT);
	CHECK(system(NULL) != 0);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];

		if (argc < 2)
			printf("%s|%s|READ of size * %s|%s\n", row->name,
				strstr(row->name, "unended") ? "heap-buffer-overflow" : "heap-use-after-free", row->access, row->where);
		else if (!strcmp(argv[1], row->name))
			row->function();
	}
	if (argc > 1 && !strcmp(argv[1], "vfork"))
		by_vfork();
	if (argc > 1 && !strcmp(argv[1], "refused"))
		refused();
	if (argc > 1)
		puts("went on");
	return 0;
}
