/* SPDX-License-Identifier: MIT
 *
 * Profiles from outside: what programs with known allocations leave is read by a reader of its own (tests/system/support/read_pprof.py), by pprof
 * and by ms_print where they are installed, and compared with the counters of the same run.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define KNOWN_LIVE (100 * 10 + 100 + 5 * 100000)
#define KNOWN_ALL (KNOWN_LIVE + 1000 * 64 + 99 * 100 / 2)

static char *folder;

static void begin(void)
{
	folder = run_folder_make();
}

static void end(void)
{
	run_folder_remove(folder);
}

TestSuite(profile, .init = begin, .fini = end, .timeout = 120);

/* A file in the test's folder, in one of a few buffers. */
static const char *in_folder(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static struct run_result run_profiled(const char *program, const char *first, const char *second, const char *file, const char *options)
{
	char all[1024];

	snprintf(all, sizeof all, "leaks=no:profile_file=%s%s%s", in_folder(file), options ? ":" : "", options ? options : "");
	struct run_setup setup = { .program = program, .arguments = { first, second }, .options = all, .seconds_max = 100 };

	return run_program(&setup);
}

/* Runs a tool on a file. */
static struct run_result read_with(const char *tool, const char *file)
{
	char command[1024];

	snprintf(command, sizeof command, "%s %s", tool, in_folder(file));
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", command }, .plain = true, .seconds_max = 60 };

	return run_program(&setup);
}

static struct run_result read_pprof(const char *file)
{
	char tool[512];

	snprintf(tool, sizeof tool, "python3 %s", run_source_path("tests/system/support/read_pprof.py"));
	struct run_result result = read_with(tool, file);

	cr_assert(result.status == 0, "%s: %s", file, result.report);
	return result;
}

static bool has_tool(const char *command, const char *why)
{
	char line[256];

	snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", command);
	if (system(line) == 0)
		return true;
	fprintf(stderr, "skipped: %s is not installed: %s\n", command, why);
	return false;
}

/* The line that begins like this, as a string in a static buffer; "" if there is none. */
static const char *line_of(const char *text, const char *begins)
{
	static char line[2048];
	size_t length = strlen(begins);

	line[0] = '\0';
	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, begins, length) == 0) {
			snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
			break;
		}
	return line;
}

/* Numbers of all lines of folded stacks whose stacks go through a function (NULL: of all). */
static unsigned long long sum_folded(const char *text, const char *function)
{
	unsigned long long sum = 0;
	char *copy = strdup(text), *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));) {
		char *space = strrchr(line, ' ');

		if (space && (!function || strstr(line, function)))
			sum += strtoull(space + 1, NULL, 10);
	}
	free(copy);
	return sum;
}

static unsigned count_files(const char *begins)
{
	DIR *files = opendir(folder);
	unsigned count = 0;

	for (struct dirent *entry; (entry = readdir(files));)
		count += strncmp(entry->d_name, begins, strlen(begins)) == 0;
	closedir(files);
	return count;
}

/* --- formats ---------------------------------------------------------------------- */

Test(profile, pprof_at_exit)
{
	struct run_result run = run_profiled("programs/prof_known", NULL, NULL, "heap.pb.gz", "profile_kinds=live,allocs"), read;

	cr_assert(run.status == 0 && run.report[0] == '\0', "%d: %s", run.status, run.report);
	read = read_pprof("heap.pb.gz");
	cr_expect(strstr(read.text, "types alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes\ndefault inuse_space\n"), "%s",
		read.text);
	cr_expect(strstr(read.text, ";main;keep_small 100 1000 100 1000\n"), "%s", read.text);
	cr_expect(strstr(read.text, ";main;keep_large 5 500000 5 500000\n"), "%s", read.text);
	cr_expect(strstr(read.text, ";main;come_and_go 1000 64000 0 0\n"), "%s", read.text);
	cr_expect(strstr(read.text, ";main;grow 99 5049 1 100\n") && strstr(read.text, ";main;grow 1 1 0 0\n"), "%s", read.text);
	cr_expect(strncmp(line_of(read.text, "module "), "module ", 7) == 0 && strstr(line_of(read.text, "module "), "/prof_known "),
		"the first module is not the program: %s", read.text);
	run_destroy(&run);
	run_destroy(&read);
}

/* Live blocks alone have two values; allocations alone are the first thing shown. */
Test(profile, kinds)
{
	struct run_result run = run_profiled("programs/prof_known", NULL, NULL, "live.pb.gz", "symbolize=no"), read = read_pprof("live.pb.gz");

	cr_expect(strncmp(read.text, "types inuse_objects/count inuse_space/bytes\ndefault inuse_space\n", 62) == 0, "%s", read.text);
	cr_expect(!strstr(line_of(read.text, "module "), " named"), "%s", read.text);
	run_destroy(&run);
	run_destroy(&read);
	run = run_profiled("programs/prof_known", NULL, NULL, "all.pb.gz", "profile_kinds=allocs:symbolize=no");
	read = read_pprof("all.pb.gz");
	cr_expect(strstr(read.text, "\ndefault alloc_space\n"), "%s", read.text);
	run_destroy(&run);
	run_destroy(&read);
	run = run_profiled("programs/prof_known", NULL, NULL, "all.folded", "profile_kinds=allocs");
	char *text = run_file_read(in_folder("all.folded"));

	cr_expect(sum_folded(text, ";main;come_and_go") == 64000 && sum_folded(text, ";main;keep_") == 501000, "%s", text);
	free(text);
	run_destroy(&run);
}

/* Sums are the counters of the run: nothing is allocated between the profile and the statistics. */
Test(profile, sums_are_the_counters)
{
	static const char *const programs[] = { "programs/prof_known", "programs/ok_threads_mixed", "programs/ok_containers" };

	for (size_t i = 0; i < 2; i++) {
		struct run_result run = run_profiled(programs[i], NULL, NULL, "a.folded", "stats=yes:symbolize=no:format=json");
		char *text = run_file_read(in_folder("a.folded"));
		const char *live = strstr(run.report, "\"live_bytes\":");

		cr_assert(text && live, "%s: %s", programs[i], run.report);
		cr_expect(sum_folded(text, NULL) == strtoull(live + 13, NULL, 10), "%s: %llu, not %.40s", programs[i], sum_folded(text, NULL), live);
		free(text);
		run_destroy(&run);
		run = run_profiled(programs[i], NULL, NULL, "a.pb.gz", "stats=yes:symbolize=no:format=json:profile_kinds=allocs");
		struct run_result read = read_pprof("a.pb.gz");
		unsigned long long sums[4] = { 0 }, allocations = 0;

		cr_expect(sscanf(line_of(read.text, "sums "), "sums %llu %llu %llu %llu", &sums[0], &sums[1], &sums[2], &sums[3]) == 4, "%s", read.text);
		live = strstr(run.report, "\"live_bytes\":");
		const char *count = strstr(run.report, "\"allocations\":");

		cr_assert(live && count, "%s", run.report);
		allocations = strtoull(count + 14, NULL, 10);
		cr_expect(sums[3] == strtoull(live + 13, NULL, 10), "%s: %llu live, not %.40s", programs[i], sums[3], live);
		cr_expect(sums[0] == allocations, "%s: %llu allocations, not %llu", programs[i], sums[0], allocations);
		run_destroy(&run);
		run_destroy(&read);
	}
}

Test(profile, pprof_itself_reads_it)
{
	struct run_result run = run_profiled("programs/prof_known", NULL, NULL, "heap.pb.gz", "profile_kinds=live,allocs"), read;

	cr_assert(run.status == 0);
	run_destroy(&run);
	if (!has_tool("go", "pprof comes with it, and its own reading of a profile is not tested"))
		return;
	read = read_with("go tool pprof -top -unit=B", "heap.pb.gz");
	cr_assert(read.status == 0, "%s", read.report);
	const char *at = read.text;

	cr_expect(expect_find(&at, "Type: inuse_space"), "%s", read.text);
	cr_expect(expect_find(&at, "500000B *keep_large"), "%s", read.text);
	run_destroy(&read);
	read = read_with("go tool pprof -top -sample_index=alloc_objects", "heap.pb.gz");
	at = read.text;
	cr_expect(read.status == 0 && expect_find(&at, "1000 *come_and_go"), "%s%s", read.text, read.report);
	run_destroy(&read);
}

/* Without names pprof finds them itself: mappings and build ids are right. */
Test(profile, pprof_finds_names_itself)
{
	struct run_result run = run_profiled("programs/prof_known", NULL, NULL, "heap.pb.gz", "symbolize=no"), read;

	run_destroy(&run);
	if (!has_tool("go", "pprof comes with it"))
		return;
	read = read_with("go tool pprof -top -unit=B", "heap.pb.gz");
	const char *at = read.text;

	cr_expect(read.status == 0 && expect_find(&at, "500000B *keep_large"), "%s%s", read.text, read.report);
	run_destroy(&read);
}

Test(profile, massif_shows_the_peak)
{
	struct run_result run = run_profiled("programs/prof_known", "peak", NULL, "massif.out.1", NULL), read;
	char *text = run_file_read(in_folder("massif.out.1"));
	unsigned long long bytes[3] = { 0 };
	const char *at = text;

	cr_assert(run.status == 0 && text, "%d: %s", run.status, run.report);
	for (int i = 0; i < 3; i++) {
		cr_assert((at = strstr(at, "\nmem_heap_B=")), "%s", text);
		bytes[i] = strtoull(at + 12, NULL, 10);
		at++;
	}
	cr_expect(bytes[1] - bytes[0] == 500000 && bytes[1] - bytes[2] >= 500000, "%llu %llu %llu", bytes[0], bytes[1], bytes[2]);
	cr_expect(!strstr(at, "\nsnapshot=") && run_count(text, "heap_tree=peak") == 1, "%s", text);
	free(text);
	run_destroy(&run);
	if (!has_tool("ms_print", "it comes with Valgrind"))
		return;
	read = read_with("ms_print", "massif.out.1");
	at = read.text;
	cr_expect(read.status == 0 && read.report[0] == '\0', "%s", read.report);
	cr_expect(expect_find(&at, "Number of snapshots: 3") && expect_find(&at, "Detailed snapshots: [0, 1 (peak), 2]"), "%s", read.text);
	cr_expect(expect_find(&at, "->*% (500,000B) 0x*: keep_large (prof_known.c:*)"), "%s", read.text);
	cr_expect(expect_find(&at, "->*% (500,000B) 0x*: main (prof_known.c:*)"), "%s", read.text);
	run_destroy(&read);
}

/* --- moments -------------------------------------------------------------------------- */

/* Each of fifty signals to a process under load gives a whole file, whichever thread gets the signal, and in whatever it is then; and what was
 * allocated between two of them is seen. */
Test(profile, under_load_on_signals)
{
	struct run_result run = run_profiled("programs/prof_load", "50", in_folder("load.%d.pb.gz"), "load.%n.pb.gz",
		"signal_profile=12:profile_kinds=live,allocs:symbolize=no");
	unsigned long long last = 0;

	cr_assert(run.status == 0 && strcmp(run.text, "ok\n") == 0 && run.report[0] == '\0', "%d: %s%s", run.status, run.text, run.report);
	cr_expect(count_files("") - 2 == 51, "%u files", count_files("") - 2); /* the last at exit; . and .. */
	for (int i = 1; i <= 51; i++) {
		char name[32];
		unsigned long long sums[4] = { 0 };

		snprintf(name, sizeof name, "load.%d.pb.gz", i);
		struct run_result read = read_pprof(name); /* which looks that nothing has more live than was allocated */

		cr_expect(sscanf(line_of(read.text, "sums "), "sums %llu %llu %llu %llu", &sums[0], &sums[1], &sums[2], &sums[3]) == 4, "%s", read.text);
		cr_expect(sums[0] > last && sums[2] > 0, "profile %d: %llu after %llu", i, sums[0], last);
		last = sums[0];
		run_destroy(&read);
	}
	run_destroy(&run);
}

Test(profile, at_intervals)
{
	struct run_result run = run_profiled("programs/prof_known", "interval", in_folder("i.3.folded"), "i.%n.folded", "profile_interval=20:symbolize=no");
	char *text = run_file_read(in_folder("i.3.folded"));

	cr_assert(run.status == 0 && text, "%d: %s, %u files", run.status, run.report, count_files("i."));
	cr_expect(sum_folded(text, NULL) >= KNOWN_LIVE, "%s", text);
	free(text);
	run_destroy(&run);
	run = run_profiled("programs/prof_known", "interval", in_folder("massif"), "massif", "profile_format=massif:profile_interval=10:symbolize=no");
	text = run_file_read(in_folder("massif"));
	cr_expect(run.status == 0 && text && run_count(text, "snapshot=") >= 2, "%s", text);
	free(text);
	run_destroy(&run);
}

Test(profile, children_write_files_of_their_own)
{
	struct run_result run = run_profiled("programs/prof_fork", NULL, NULL, "plain.folded", NULL);
	unsigned long long children = 0;
	unsigned files = 0;
	char *text = run_file_read(in_folder("plain.folded"));

	cr_assert(run.status == 0 && text, "%s", run.report);
	cr_expect(sum_folded(text, "keep_in_parent") == 7 && sum_folded(text, "keep_in_child") == 0, "%s", text);
	free(text);
	DIR *all = opendir(folder);

	for (struct dirent *entry; (entry = readdir(all));) {
		if (strncmp(entry->d_name, "plain.folded.", 13) != 0)
			continue;
		text = run_file_read(in_folder(entry->d_name));
		cr_expect(atoi(entry->d_name + 13) > 1 && sum_folded(text, "keep_in_parent") == 7, "%s: %s", entry->d_name, text);
		children += sum_folded(text, "keep_in_child");
		files++;
		free(text);
	}
	closedir(all);
	cr_expect(files == 3 && children == 6000, "%u files with %llu bytes", files, children);
	run_destroy(&run);
	run = run_profiled("programs/prof_fork", NULL, NULL, "pid.%p.pb.gz", "symbolize=no");
	cr_expect(run.status == 0 && count_files("pid.") == 4, "%u files", count_files("pid."));
	run_destroy(&run);
}

/* --- by call ----------------------------------------------------------------------------- */

Test(profile, by_call)
{
	static const char wrong[] = "wrong: -22 -22 -9\nclosed: -9\nfull: -28\n";
	struct run_setup setup = { .program = "programs/prof_api", .arguments = { folder }, .options = "profile_kinds=live,allocs" };
	struct run_result run = run_program(&setup), read;

	cr_expect(strncmp(run.text, "written: 0 0 0\nfile: -22\n", 25) == 0 && strstr(run.text, wrong), "%s", run.text);
	/* The profiles kept for massif's format hold no block. */
	cr_expect(strstr(run.report, "SUMMARY: malloc-debug: 4321 byte(s) leaked in 1 allocation(s)."), "%s", run.report);
	run_destroy(&run);
	read = read_pprof("pb.gz");
	cr_expect(strstr(read.text, ";main 1 4321 1 4321\n"), "%s", read.text);
	run_destroy(&read);
	char *text = run_file_read(in_folder("folded"));

	cr_expect(sum_folded(text, ";main ") == 4321, "%s", text);
	free(text);
	text = run_file_read(in_folder("massif"));
	cr_expect(run_count(text, "snapshot=") == 1 && strstr(text, "4321 0x"), "%s", text);
	free(text);
	run = run_plain("programs/prof_api");
	cr_expect(strcmp(run.text, "file: -38\nwrong: -38 -38 -38\nclosed: -38\nfull: -38\n") == 0, "%s", run.text);
	run_destroy(&run);
}

/* --- what must not happen ------------------------------------------------------------------ */

/* What cannot be written is said once; the program is as it was, and nothing half is left. */
Test(profile, what_cannot_be_written_is_said_once)
{
	struct run_result run = run_profiled("programs/prof_known", "interval", "/none", "no/folder/%n.pb.gz", "profile_interval=10:symbolize=no:program=none");

	cr_expect(run.status == 0 && run.report[0] == '\0', "%s", run.report);
	run_destroy(&run);
	run = run_profiled("programs/prof_load", "0", "", "no/folder/x.pb.gz", NULL);
	cr_expect(run.status == 0 && run_count(run.report, "malloc-debug: cannot write a profile to") == 1 && strstr(run.report, "errno 2\n"), "%s",
		run.report);
	run_destroy(&run);
	struct run_setup setup = { .program = "programs/prof_known", .options = "leaks=no:profile_file=/dev/full:profile_format=folded" };

	run = run_program(&setup);
	cr_expect(run.status == 0 && strstr(run.report, "cannot write a profile to /dev/full: errno 28\n"), "%s", run.report);
	run_destroy(&run);
	char command[1024];

	/* A file size limit: no signal, no half file, and what was there stays. */
	snprintf(command, sizeof command, "echo old > %s; ulimit -f 0; exec %s", in_folder("limit.pb.gz"), run_build_path("programs/prof_known"));
	struct run_setup limited = { .program = "/bin/sh", .arguments = { "-c", command }, .options = NULL };
	char options[700];

	snprintf(options, sizeof options, "program=prof_known:leaks=no:symbolize=no:profile_file=%s", in_folder("limit.pb.gz"));
	limited.options = options;
	run = run_program(&limited);
	char *text = run_file_read(in_folder("limit.pb.gz"));

	cr_expect(run.status == 0 && strstr(run.report, "errno 27\n"), "%d, signal %d: %s", run.status, run.signal, run.report);
	cr_expect(strcmp(text, "old\n") == 0 && count_files("limit.") == 1, "%u files, %s", count_files("limit."), text);
	free(text);
	run_destroy(&run);
}

/* A filter may kill for a look at the clock: an interval that ends behind it is not looked at. */
Test(profile, intervals_end_where_system_calls_are_restricted)
{
	struct run_result run = run_profiled("programs/ok_seccomp_each", NULL, NULL, "s.%p.folded", "profile_interval=1:symbolize=no");

	cr_expect(run.status == 0 && strstr(run.text, "ok\n"), "%d, signal %d: %s%s", run.status, run.signal, run.text, run.report);
	cr_expect(count_files("s.") > 0, "no profile was written before");
	run_destroy(&run);
}

/* Programs with threads, signals and forks are as before while profiles are taken all the time. */
Test(profile, programs_do_not_notice)
{
	static const char *const programs[] = { "ok_threads_mixed", "ok_fork_threads", "ok_signal_malloc", "ok_thread_churn", "ok_coroutines", "ok_small_stack" };
	char options[700];

	snprintf(options, sizeof options, "profile_interval=1:profile_kinds=allocs:symbolize=no:profile_file=%s", in_folder("%e.%p.pb.gz"));
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		char source[128], program[128];

		snprintf(source, sizeof source, "tests/programs/%s.c", programs[i]);
		snprintf(program, sizeof program, "programs/%s", programs[i]);
		struct expectation *expectation = expect_read(source);
		struct run_result run = expect_run(expectation, program, options);
		const char *difference = expect_difference(expectation, &run);

		cr_expect(!difference, "%s: %s", programs[i], difference);
		cr_expect(count_files(programs[i]) > 0, "%s left no profile", programs[i]);
		run_destroy(&run);
		expect_destroy(expectation);
	}
}
