/* SPDX-License-Identifier: MIT
 *
 * malloc-debug run: prepares the environment and becomes the program, so that its exit status, signals and process id are its own.
 *
 * Only --html keeps a process of ours, the program's parent: it waits, hands signals on, and at the end makes the page from what the
 * program and its children wrote. It ends with the program's status, or 128 and the number of the signal that killed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/words.h"
#include "tools/commands.h"
#include "tools/html.h"
#include "tools/library.h"
#include "tools/memory.h"
#include "tools/output.h"
#include "tools/program.h"
#include "tools/settings.h"

#define BREAK_FUNCTION "malloc_debug_break"

enum { FLAG_JSON, FLAG_SARIF, FLAG_HTML, FLAG_GDB, FLAG_FOLLOW, FLAG_NO_FOLLOW };

const struct md_flag md_run_flags[] = {
	[FLAG_JSON] = { "json", 0, "FILE", "Write all reports as JSON lines to FILE, anew; %p in its name is the process." },
	[FLAG_SARIF] = { "sarif", 0, "FILE", "Write all reports as SARIF 2.1.0 to FILE, anew." },
	[FLAG_HTML] = { "html", 0, "FILE", "When the program has ended, write all reports as one HTML page to FILE." },
	[FLAG_GDB] = { "gdb", 0, NULL, "Run the program in gdb, which stops at each report." },
	[FLAG_FOLLOW] = { "follow", 0, NULL, "Programs that the program starts are checked, too (as without it)." },
	[FLAG_NO_FOLLOW] = { "no-follow", 0, NULL, "Programs that the program starts are not checked." },
	{ NULL },
};

struct run {
	const char *json, *sarif, *html; /* NULL: not wanted */
	bool gdb;
	char *reports; /* --html: the file of JSON lines that the page is made from */
	bool is_own;   /* that file is ours, and removed at the end */
};

/* --- arguments ------------------------------------------------------------------------- */

/* True, after a complaint, if a name is no option at all and one of ours is nearer to it than any of the library's. */
static bool is_near_own(const char *word)
{
	size_t length = strcspn(word, "=");
	unsigned own_distance = ~0u, distance;
	const char *own = NULL;

	for (int i = 0; md_run_flags[i].name; i++) {
		distance = md_word_distance(word, length, md_run_flags[i].name, strlen(md_run_flags[i].name));
		if (distance < own_distance) {
			own_distance = distance;
			own = md_run_flags[i].name;
		}
	}
	for (size_t i = 0; i < md_option_count; i++) {
		distance = md_word_distance(word, length, md_option_table[i].name, strlen(md_option_table[i].name));
		if (distance <= own_distance)
			return false;
	}
	fprintf(stderr, "malloc-debug run: --%.*s: there is no such option; the nearest is --%s\n", (int)length, word, own);
	return true;
}

/* Returns the index of the program, -1 after a complaint. */
static int take_arguments(struct run *run, int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-') {
		const char *value = NULL;

		if (!strcmp(argv[at], "--"))
			return at + 1;
		switch (md_flags_take_one(md_run_flags, argc, argv, &at, &value)) {
		case FLAG_JSON:
			run->json = value;
			break;
		case FLAG_SARIF:
			run->sarif = value;
			break;
		case FLAG_HTML:
			run->html = value;
			break;
		case FLAG_GDB:
			run->gdb = true;
			break;
		case FLAG_FOLLOW:
			setenv("MALLOC_DEBUG_CHILDREN", "keep", 1);
			break;
		case FLAG_NO_FOLLOW:
			setenv("MALLOC_DEBUG_CHILDREN", "strip", 1);
			break;
		case MD_FLAGS_WRONG:
			return -1;
		default:
			if (!strncmp(argv[at], "--", 2) && is_near_own(argv[at] + 2))
				return -1;
			at = md_settings_take_one(argc, argv, at, NULL);
			if (at < 0)
				return -1;
		}
	}
	return at;
}

/* --- files -------------------------------------------------------------------------------- */

/* Hands the name of a file on to the library, as a whole path, since programs change their folder. What was in it is removed, unless
 * the name differs from process to process. False after a complaint. */
static bool set_file(const char *variable, const char *path)
{
	char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *whole = path[0] == '/' ? md_memory_print("%s", path) : md_memory_print("%s/%s", folder ? folder : ".", path);
	int fd = strchr(path, '%') ? -1 : open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool good = fd >= 0 || strchr(path, '%');

	if (!good)
		fprintf(stderr, "malloc-debug run: %s: %m\n", path);
	if (fd >= 0)
		close(fd);
	good = good && !setenv(variable, whole, 1);
	free(folder);
	free(whole);
	return good;
}

/* The page is made from the JSON lines of all processes: from the file that is written anyway, or else from one of our own. */
static bool prepare_page(struct run *run)
{
	const char *folder = getenv("TMPDIR"), *wanted = getenv("MALLOC_DEBUG_JSON_FILE");
	int fd = open(run->html, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) { /* better now than when the program has run for hours */
		fprintf(stderr, "malloc-debug run: %s: %m\n", run->html);
		return false;
	}
	close(fd);
	if (wanted && *wanted) {
		if (strchr(wanted, '%')) {
			fprintf(stderr, "malloc-debug run: --html needs all reports in one file, and %s is one for each process; later, "
					"malloc-debug report --format html does it\n", wanted);
			return false;
		}
		run->reports = md_memory_print("%s", wanted);
		return true;
	}
	run->reports = md_memory_print("%s/malloc-debug.XXXXXX", folder && *folder ? folder : "/tmp");
	fd = mkstemp(run->reports);
	if (fd < 0) {
		fprintf(stderr, "malloc-debug run: %s: %m\n", run->reports);
		return false;
	}
	close(fd);
	run->is_own = true;
	return !setenv("MALLOC_DEBUG_JSON_FILE", run->reports, 1);
}

/* Line by line, so that memory does not grow with them. */
static bool copy_reports(FILE *page, FILE *reports)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t bytes;
	bool good = true;

	while (good && (bytes = getline(&line, &room, reports)) > 0)
		good = md_html_add(page, &(struct md_html_data){ .text = line, .bytes = (size_t)bytes }) == 0;
	free(line);
	return good && !ferror(reports);
}

static bool write_page(const struct run *run, const char *program)
{
	FILE *reports = fopen(run->reports, "re"), *page;
	const char *slash = strrchr(program, '/');
	bool good;

	if (!reports) {
		fprintf(stderr, "malloc-debug run: %s: %m\n", run->reports);
		return false;
	}
	page = md_output_open("run", run->html);
	good = page &&
		md_output_close("run", run->html, page,
			md_html_begin(page, slash ? slash + 1 : program) == 0 && copy_reports(page, reports) && md_html_end(page) == 0);
	fclose(reports);
	return good;
}

/* --- gdb ------------------------------------------------------------------------------------- */

/* Text that a shell reads as it is. */
static char *quote(const char *text)
{
	char *quoted = md_memory_new(4 * strlen(text) + 3, 1), *at = quoted;

	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *text;
	}
	*at = '\'';
	return quoted;
}

/* The library is loaded into the program alone: gdb gets the environment as it was, and starts the program by env. Returns gdb's arguments. */
static char **make_gdb_arguments(const char *library, const char *preload_before, int argc, char **argv)
{
	char *preload = quote(getenv("LD_PRELOAD"));
	const char *slash = strrchr(library, '/');
	const char *const fixed[] = { "gdb", "-q", "-iex", md_memory_print("add-auto-load-safe-path %.*s", (int)(slash - library), library), "-ex",
		md_memory_print("set exec-wrapper env LD_PRELOAD=%s", preload), "-ex", "set breakpoint pending on", "-ex",
		/* The library sees bad accesses by these signals, and reports them before it stops. */
		"break " BREAK_FUNCTION, "-ex", "handle SIGSEGV SIGBUS nostop noprint pass", "-ex", "run", "--args" };
	size_t count = sizeof fixed / sizeof *fixed;
	char **arguments = md_memory_new(count + (size_t)argc + 1, sizeof *arguments);

	memcpy(arguments, fixed, sizeof fixed);
	memcpy(arguments + count, argv, (size_t)argc * sizeof *argv);
	free(preload);
	if (preload_before)
		setenv("LD_PRELOAD", preload_before, 1);
	else
		unsetenv("LD_PRELOAD");
	return arguments;
}

/* --- running ------------------------------------------------------------------------------------ */

static int become(char **arguments)
{
	int error;

	execvp(arguments[0], arguments);
	error = errno;
	fprintf(stderr, "malloc-debug: %s: %s\n", arguments[0], strerror(error));
	return error == ENOENT ? MD_EXIT_NOT_FOUND : MD_EXIT_CANNOT_EXECUTE;
}

static const int handed_on[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
static volatile pid_t child;

static void hand_on(int signal)
{
	int error = errno;

	if (child > 0)
		kill(child, signal);
	errno = error;
}

/* Starts the program as a child and waits for it. A terminal sends its own signals to both, and only the program is to obey. */
static int run_child(char **arguments)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN }, forward = { .sa_handler = hand_on, .sa_flags = SA_RESTART };
	struct sigaction interrupt, quit, before[sizeof handed_on / sizeof *handed_on];
	sigset_t all, mask;
	int status = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask); /* none comes before we know whom to hand it to */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++) {
		sigaction(handed_on[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(handed_on[i], &forward, NULL);
	}
	child = fork();
	if (child == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++)
			sigaction(handed_on[i], &before[i], NULL);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		_exit(become(arguments));
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (child < 0) {
		perror("malloc-debug run: fork");
		return MD_EXIT_CANNOT_EXECUTE;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int md_cmd_run(int argc, char **argv)
{
	char library[PATH_MAX], path[PATH_MAX], obstacle[MD_OBSTACLE_MAX];
	const char *preload = getenv("LD_PRELOAD");
	char *preload_before = preload ? md_memory_print("%s", preload) : NULL;
	struct run run = { 0 };
	int first = take_arguments(&run, argc, argv), status;
	char **arguments = argv + first;

	if (first < 0)
		return MD_EXIT_USAGE;
	if (first == argc) {
		fprintf(stderr, "malloc-debug run: no program; see malloc-debug help run\n");
		return MD_EXIT_USAGE;
	}
	if (!md_library_find(library, true) || !md_library_preload(library))
		return MD_EXIT_USAGE;
	if (run.gdb && md_program_find("gdb", path)) {
		fprintf(stderr, "malloc-debug run: --gdb: there is no gdb in PATH; apt-get install gdb\n");
		return MD_EXIT_USAGE;
	}
	if ((run.json && !set_file("MALLOC_DEBUG_JSON_FILE", run.json)) || (run.sarif && !set_file("MALLOC_DEBUG_SARIF_FILE", run.sarif)) ||
		(run.html && !prepare_page(&run)))
		return MD_EXIT_USAGE;
	if (!md_program_find(argv[first], path) && md_program_obstacle(path, obstacle))
		fprintf(stderr, "malloc-debug: %s; it runs unchecked\n", obstacle);
	if (run.gdb)
		arguments = make_gdb_arguments(library, preload_before, argc - first, argv + first);
	if (!run.html)
		return become(arguments);
	status = run_child(arguments);
	if (!write_page(&run, argv[first]) && !status)
		status = MD_EXIT_TROUBLE;
	if (run.is_own)
		unlink(run.reports);
	free(run.reports);
	free(preload_before);
	return status;
}
