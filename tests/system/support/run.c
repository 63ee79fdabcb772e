/* SPDX-License-Identifier: MIT
 *
 * fork, exec, and a poll loop over the two pipes. A pipe stays open as long as any descendant holds it, so the end of the program is what
 * ends the run: then the group is killed, and what the pipes still hold is read.
 */
#include "tests/system/support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (64u << 20) /* bytes kept of each stream; more is read and dropped */
#define TICK_MS 20             /* how often the end of the program is looked for while its pipes are silent */

extern char **environ;

struct stream {
	int fd; /* -1: ended */
	char *bytes;
	size_t length, room;
};

static void fail(const char *what)
{
	fprintf(stderr, "run: %s: %s\n", what, strerror(errno));
	abort();
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *join_path(const char *variable, const char *file)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	const char *folder = getenv(variable);
	char *path = paths[next++ % 8];

	if (!folder) {
		fprintf(stderr, "run: %s is not set; see make check-system\n", variable);
		abort();
	}
	if (snprintf(path, PATH_MAX, "%s/%s", folder, file) >= PATH_MAX)
		fail(file);
	return path;
}

const char *run_build_path(const char *file)
{
	return join_path("MD_BUILD", file);
}

const char *run_source_path(const char *file)
{
	return join_path("MD_SOURCE", file);
}

/* --- The child ------------------------------------------------------------- */

static bool steers_allocator(const char *variable)
{
	static const char *const starts[] = { "MALLOC_DEBUG_", "MALLOC_", "GLIBC_TUNABLES=", "LD_PRELOAD=", "NO_COLOR=", "DEBUGINFOD_URLS=" };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(variable, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Leaves in the environment nothing of the caller's that steers allocators, then adds what this run wants. */
static void set_environment(const struct run_setup *setup)
{
	static char preload[PATH_MAX + 16], options[4096];
	const char *added = getenv("MD_OPTIONS"); /* for a run of all tests with others than the defaults; the test's own win */
	char **to = environ;

	for (char **from = environ; *from; from++)
		if (!steers_allocator(*from))
			*to++ = *from;
	*to = NULL;
	for (int i = 0; i < RUN_WORDS_MAX && setup->environment[i]; i++)
		putenv((char *)setup->environment[i]);
	if (setup->options || (added && !setup->plain)) {
		snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s%s%s", added ? added : "", added && setup->options ? ":" : "",
			setup->options ? setup->options : "");
		putenv(options);
	}
	if (!setup->plain) {
		snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
		putenv(preload);
	}
}

/* Whoever started the tests may ignore signals (a shell without job control does for what runs in its background, nohup does, and a
 * cron or CI service may): ignored dispositions and the mask outlive exec, and a program told to die of SIGINT would never end. */
static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own, which need nothing */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_program(const struct run_setup *setup, int output, int errors)
{
	const char *words[RUN_WORDS_MAX + 2] = { setup->program };
	const char *folder = run_build_path("tests"); /* files that a run leaves by mistake do not land in the sources */
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	reset_signals();
	if (*setup->program != '/')
		words[0] = run_build_path(setup->program);
	for (int i = 0; i < RUN_WORDS_MAX && setup->arguments[i]; i++)
		words[i + 1] = setup->arguments[i];
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0 || chdir(folder) != 0)
		_exit(125);
	close_range(3, ~0u, 0); /* the program starts with 0, 1 and 2, like from a shell */
	set_environment(setup);
	execv(words[0], (char **)words);
	dprintf(2, "run: %s: %s\n", words[0], strerror(errno));
	_exit(125);
}

/* --- The parent ------------------------------------------------------------ */

static void take_bytes(struct stream *stream)
{
	char chunk[65536];
	ssize_t length = read(stream->fd, chunk, sizeof chunk);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (length <= 0) {
		close(stream->fd);
		stream->fd = -1;
		return;
	}
	size_t keep = (size_t)length;

	if (stream->length + keep > OUTPUT_MAX)
		keep = OUTPUT_MAX - stream->length;
	if (stream->length + keep + 1 > stream->room) {
		stream->room = (stream->length + keep + 1) * 2;
		stream->bytes = realloc(stream->bytes, stream->room);
		if (!stream->bytes)
			fail("output");
	}
	memcpy(stream->bytes + stream->length, chunk, keep);
	stream->length += keep;
	stream->bytes[stream->length] = '\0';
}

/* Reads from the streams that have something, for at most timeout_ms. Returns whether there was something. */
static bool take_ready(struct stream streams[2], int timeout_ms)
{
	struct pollfd fds[2] = { { streams[0].fd, POLLIN, 0 }, { streams[1].fd, POLLIN, 0 } };

	if (poll(fds, 2, timeout_ms) <= 0)
		return false;
	for (int i = 0; i < 2; i++)
		if (streams[i].fd >= 0 && fds[i].revents)
			take_bytes(&streams[i]);
	return true;
}

static char *finish(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	return stream->bytes ? stream->bytes : calloc(1, 1);
}

struct run_result run_program(const struct run_setup *setup)
{
	struct run_result result = { .status = -1 };
	unsigned seconds_max = setup->seconds_max ? setup->seconds_max : RUN_SECONDS_DEFAULT;
	int output[2], errors[2], status = 0;
	double start = now();

	if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0)
		fail("pipe");
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		become_program(setup, output[1], errors[1]);
	setpgid(pid, pid); /* in both processes: whoever comes first */
	close(output[1]);
	close(errors[1]);
	struct stream streams[2] = { { .fd = output[0] }, { .fd = errors[0] } };

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (!result.timed_out && now() - start > seconds_max) {
			result.timed_out = true;
			kill(-pid, SIGKILL);
		}
		take_ready(streams, TICK_MS);
	}
	result.seconds = now() - start;
	kill(-pid, SIGKILL);
	while ((streams[0].fd >= 0 || streams[1].fd >= 0) && take_ready(streams, 0))
		;
	if (WIFEXITED(status))
		result.status = WEXITSTATUS(status);
	else
		result.signal = WTERMSIG(status);
	result.text = finish(&streams[0]);
	result.report = finish(&streams[1]);
	return result;
}

struct run_result run_preloaded(const char *program, const char *options)
{
	struct run_setup setup = { .program = program, .options = options };

	return run_program(&setup);
}

struct run_result run_plain(const char *program)
{
	struct run_setup setup = { .program = program, .plain = true };

	return run_program(&setup);
}

void run_destroy(struct run_result *result)
{
	free(result->text);
	free(result->report);
	result->text = result->report = NULL;
}

/* --- Files and text ---------------------------------------------------------- */

char *run_folder_make(void)
{
	char *folder = strdup(run_build_path("tests/run.XXXXXX"));

	if (!folder || !mkdtemp(folder))
		fail("folder");
	return folder;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

void run_folder_remove(char *folder)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(folder);
}

char *run_file_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0) { /* empty */
		free(text);
		text = calloc(1, 1);
	}
	fclose(file);
	return text;
}

size_t run_count(const char *text, const char *needle)
{
	size_t count = 0;

	for (const char *at = strstr(text, needle); at; at = strstr(at + 1, needle))
		count++;
	return count;
}

size_t run_count_reports(const char *text)
{
	return run_count(text, "ERROR: malloc-debug: ");
}
