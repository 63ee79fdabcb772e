/* SPDX-License-Identifier: MIT
 *
 * The history on disk: what is in the file when the process was killed, and that a file which cannot be had disturbs nobody.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define STAYS "stays in memory"

static char *join(const char *folder, const char *name)
{
	char *path;

	cr_assert(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static char *option_for(const char *path)
{
	char *option;

	cr_assert(asprintf(&option, "MALLOC_DEBUG_HISTORY_FILE=%s", path) > 0);
	return option;
}

/* Runs malloc-debug history with these arguments. */
static struct run_result read_history(const char *path, const char *first, const char *second)
{
	struct run_setup setup = { .program = "malloc-debug", .plain = true, .arguments = { "history", path, first, second } };

	return run_program(&setup);
}

static struct run_result run_busy(const char *how, const char *threads, const char *path, const char *options)
{
	struct run_setup setup = { .program = "programs/history_busy", .arguments = { how, threads }, .options = options, .seconds_max = 120 };

	setup.environment[0] = option_for(path);
	return run_program(&setup);
}

Test(history_file, tells_the_owners_of_an_address_after_kill_9, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history"), address[64];
	struct run_result killed = run_busy("kill", "8", path, "quarantine=0:guard=off");

	cr_assert_eq(killed.signal, SIGKILL, "status %d signal %d: %s", killed.status, killed.signal, killed.report);
	snprintf(address, sizeof address, "--address=%.20s", strtok(killed.text, "\n"));
	struct run_result told = read_history(path, address, NULL);

	cr_expect_eq(told.status, 0, "%s", told.report);
	cr_expect(strstr(told.text, "in first_owner"), "%s: %s", address, told.text);
	cr_expect(strstr(told.text, "in second_owner"), "%s", told.text);
	cr_expect(strstr(told.text, "not running any more"), "%s", told.text);
	cr_expect_null(strstr(told.text, "Damaged"), "%s", told.text);
	cr_expect_geq(run_count(told.text, " malloc "), 2, "%s", told.text);

	struct run_result threads = read_history(path, "--thread=T3", "--last=20");

	cr_expect(strstr(threads.text, "the last 20 of "), "%s", threads.text);
	cr_expect_eq(run_count(threads.text, "  T3  "), 20, "%s", threads.text);
	cr_expect(strstr(threads.text, "created by T0"), "%s", threads.text);

	struct run_result json = read_history(path, "--format=json", address);

	cr_expect(strstr(json.text, "\"type\":\"history\"") && strstr(json.text, "first_owner") && strstr(json.text, "second_owner"), "%.2000s", json.text);
	run_destroy(&json);
	run_destroy(&threads);
	run_destroy(&told);
	run_destroy(&killed);
	run_folder_remove(folder);
}

Test(history_file, holds_thousands_of_threads, .timeout = 240)
{
	char *folder = run_folder_make(), *path = join(folder, "history");
	struct run_result done = run_busy("end", "2000", path, "quarantine=0:guard=off");

	cr_expect_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect_str_empty(done.report);
	struct run_result told = read_history(path, "--thread=T1999", "--last=3");

	cr_expect_eq(told.status, 0, "%s", told.report);
	cr_expect(strstr(told.text, "2001 rings"), "%s", told.text);
	cr_expect_null(strstr(told.text, "no room"), "%s", told.text);
	run_destroy(&told);
	run_destroy(&done);
	run_folder_remove(folder);
}

/* how: what history_fork is told. */
static void expect_files_of_their_own(const char *how)
{
	char *folder = run_folder_make(), *path = join(folder, "history.%p"), name[64];
	struct run_setup setup = { .program = "programs/history_fork", .arguments = { how } };
	int parent, child;

	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_assert_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_assert_eq(sscanf(done.text, "%d %d", &parent, &child), 2);
	snprintf(name, sizeof name, "history.%d", parent);
	struct run_result parents = read_history(join(folder, name), NULL, NULL);

	cr_expect(strstr(parents.text, "both_owner") && strstr(parents.text, " 3001 bytes") && strstr(parents.text, "parent_owner"), "%s%s",
		parents.text, parents.report);
	cr_expect_null(strstr(parents.text, "child_owner"), "%s", parents.text);
	cr_expect_null(strstr(parents.text, "Damaged"), "%s", parents.text);
	snprintf(name, sizeof name, "history.%d", child);
	struct run_result childs = read_history(join(folder, name), NULL, NULL);

	cr_expect(strstr(childs.text, "both_owner") && strstr(childs.text, "child_owner"), "%.3000s%s", childs.text, childs.report);
	cr_expect_null(strstr(childs.text, "parent_owner"), "%.3000s", childs.text);
	cr_expect_null(strstr(childs.text, " 3001 bytes"), "%.3000s", childs.text);
	cr_expect(strstr(childs.text, "forked by process"), "%.3000s", childs.text);
	run_destroy(&childs);
	run_destroy(&parents);
	run_destroy(&done);
	run_folder_remove(folder);
}

Test(history_file, of_a_forked_child_is_its_own, .timeout = 120)
{
	expect_files_of_their_own(NULL);
}

/* Our handlers do not run: until the child notices, it and its parent write to the same memory. */
Test(history_file, of_a_child_forked_behind_our_back_is_its_own, .timeout = 120)
{
	expect_files_of_their_own("behind");
	expect_files_of_their_own("later");
}

Test(history_file, that_children_cannot_have_is_one_line, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history.%p"), name[64];
	struct run_setup setup = { .program = "programs/history_fork", .arguments = { "limit" } };
	int parent;

	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_assert(done.status == 0 && sscanf(done.text, "%d", &parent) == 1, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect(strstr(done.report, "ulimit -f"), "%s", done.report);
	cr_expect_eq(run_count(done.report, "\n"), 1, "%s", done.report);
	snprintf(name, sizeof name, "history.%d", parent);
	struct run_result told = read_history(join(folder, name), NULL, NULL);

	cr_expect(strstr(told.text, "parent_owner") && strstr(told.text, "Forked children could not have files"), "%s%s", told.text, told.report);
	run_destroy(&told);
	run_destroy(&done);
	run_folder_remove(folder);
}

/* A program started by one that has the file says nothing: it was not asked for one of its own. */
Test(history_file, of_a_program_is_not_that_of_programs_it_starts, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history"), command[600];
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", command } };

	snprintf(command, sizeof command, "(%s end 2; :); :", run_build_path("programs/history_busy"));
	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_expect_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect_str_empty(done.report);
	struct run_result told = read_history(path, "--last=1", NULL);

	cr_expect(strstr(told.text, "/sh), started") || strstr(told.text, "/dash), started"), "%s", told.text);
	run_destroy(&told);
	run_destroy(&done);
	run_folder_remove(folder);
}

Test(history_file, without_a_name_of_its_own_a_child_keeps_its_history_in_memory, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history");
	struct run_setup setup = { .program = "programs/history_fork" };

	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_expect_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect_str_empty(done.report);
	struct run_result told = read_history(path, NULL, NULL);

	cr_expect(strstr(told.text, "parent_owner"), "%s", told.text);
	cr_expect_null(strstr(told.text, "child_owner"), "%s", told.text);
	run_destroy(&told);
	run_destroy(&done);
	run_folder_remove(folder);
}

/* The program ends as it does without the option, with one line. */
static void expect_one_line(struct run_result *done, const char *reason)
{
	cr_expect_eq(done->status, 0, "status %d signal %d %s", done->status, done->signal, done->report);
	cr_expect(strstr(done->report, reason), "\"%s\" is not in: %s", reason, done->report);
	cr_expect_eq(run_count(done->report, STAYS), 1, "%s", done->report);
	cr_expect_eq(run_count(done->report, "\n"), 1, "%s", done->report);
	run_destroy(done);
}

Test(history_file, that_cannot_be_made_is_one_line, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "no/such/folder"), *taken = join(folder, "taken");
	struct run_result done = run_busy("end", "2", path, "quarantine=0:guard=off");

	expect_one_line(&done, "there is no such folder");
	FILE *file = fopen(taken, "w");

	cr_assert(file && fputs("something of the user's", file) >= 0 && !fclose(file));
	done = run_busy("end", "2", taken, "quarantine=0:guard=off");
	expect_one_line(&done, "something else is there");
	char *left = run_file_read(taken);

	cr_expect_str_eq(left, "something of the user's");
	free(left);
	/* root may write anywhere */
	if (geteuid() != 0) {
		cr_assert_eq(chmod(folder, 0500), 0);
		done = run_busy("end", "2", join(folder, "history"), "quarantine=0:guard=off");
		expect_one_line(&done, "no permission");
		chmod(folder, 0700);
	}
	done = run_busy("end", "2", join(folder, "history"), "quarantine=0:guard=off:history=0");
	cr_expect(done.status == 0 && strstr(done.report, "history=0 keeps nothing"), "%s", done.report);
	run_destroy(&done);
	done = run_busy("end", "2", "/proc/self/history", "quarantine=0:guard=off");
	expect_one_line(&done, "history_file: /proc/self/history");
	run_folder_remove(folder);
}

/* An empty file is the user's wish to have it there (mktemp), or that of a process which will go on in a moment: that one has it locked. */
Test(history_file, that_another_process_is_making_is_left_to_it, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history");
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat status;

	cr_assert(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0, "%s", strerror(errno));
	struct run_result done = run_busy("end", "2", path, "quarantine=0:guard=off");

	expect_one_line(&done, "another process is making it");
	cr_expect(fstat(fd, &status) == 0 && status.st_size == 0 && status.st_nlink == 1);
	close(fd);
	done = run_busy("end", "2", path, "quarantine=0:guard=off");
	cr_expect_str_empty(done.report);
	cr_expect(stat(path, &status) == 0 && status.st_size > 0);
	run_destroy(&done);
	run_folder_remove(folder);
}

static void expect_to_run_without(const char *what)
{
	char *folder = run_folder_make(), *path = join(folder, "history");
	struct run_setup setup = { .program = "programs/history_refused", .arguments = { what }, .seconds_max = 30 };
	struct stat status;

	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_expect_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect_str_eq(done.text, "ran\n");
	cr_expect_str_empty(done.report);
	cr_expect(stat(path, &status) == 0 && status.st_size > 1 << 20);
	run_destroy(&done);
	run_folder_remove(folder);
}

/* The clock stands still: the rate of the ticks cannot be told, and is not waited for. */
Test(history_file, does_not_wait_for_a_clock_that_is_refused, .timeout = 60)
{
	expect_to_run_without("clock");
}

/* A file system that begins anew after each signal is not asked for ever. */
Test(history_file, does_not_ask_for_room_for_ever, .timeout = 60)
{
	expect_to_run_without("room");
}

Test(history_file, larger_than_files_may_be_is_one_line, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history"), command[600];
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", command }, .options = "quarantine=0:guard=off:program=history_busy" };

	snprintf(command, sizeof command, "ulimit -f 1000; exec %s end 4", run_build_path("programs/history_busy"));
	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	expect_one_line(&done, "ulimit -f");
	cr_expect_eq(access(path, F_OK), -1, "a file is left");
	/* Room for the first part, but not for all threads. */
	snprintf(command, sizeof command, "ulimit -f 10000; exec %s end 300", run_build_path("programs/history_busy"));
	done = run_program(&setup);
	expect_one_line(&done, "ulimit -f");
	struct run_result told = read_history(path, NULL, NULL);

	cr_expect(strstr(told.text, "no room for all: threads are missing"), "%.500s", told.text);
	run_destroy(&told);
	run_folder_remove(folder);
}

Test(history_file, on_a_full_disk_is_one_line, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history");

	if (mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0) {
		fprintf(stderr, "a full disk is not tried: no file system may be mounted here (%s)\n", strerror(errno));
		run_folder_remove(folder);
		return;
	}
	struct run_result done = run_busy("end", "4", path, "quarantine=0:guard=off");

	expect_one_line(&done, "the disk is full");
	cr_expect_eq(access(path, F_OK), -1, "a file is left");
	umount(folder);
	cr_assert_eq(mount("tmpfs", folder, "tmpfs", 0, "size=5m"), 0);
	done = run_busy("end", "300", path, "quarantine=0:guard=off");
	expect_one_line(&done, "the disk is full");
	umount(folder);
	run_folder_remove(folder);
}

static void expect_to_outlive_its_file(const char *options)
{
	char *folder = run_folder_make(), *path = join(folder, "history");
	struct run_setup setup = { .program = "programs/history_truncate", .arguments = { path }, .options = options };

	setup.environment[0] = option_for(path);
	struct run_result done = run_program(&setup);

	cr_expect_eq(done.status, 0, "status %d signal %d %s", done.status, done.signal, done.report);
	cr_expect_str_eq(done.text, "still here\n");
	run_destroy(&done);
	run_folder_remove(folder);
}

Test(history_file, that_becomes_shorter_does_not_end_the_process, .timeout = 120)
{
	expect_to_outlive_its_file(NULL);
	expect_to_outlive_its_file("faults=no");
}

Test(history_file, of_the_run_before_is_put_aside, .timeout = 120)
{
	char *folder = run_folder_make(), *path = join(folder, "history"), *before = join(folder, "history.1");

	for (int i = 0; i < 2; i++) {
		struct run_result done = run_busy("kill", "2", path, "quarantine=0:guard=off");

		cr_expect_eq(done.signal, SIGKILL);
		cr_expect_str_empty(done.report);
		run_destroy(&done);
	}
	cr_expect_eq(access(before, R_OK), 0);
	struct run_result told = read_history(before, NULL, NULL);

	cr_expect_eq(told.status, 0, "%s", told.report);
	run_destroy(&told);
	run_folder_remove(folder);
}

Test(history_file, wrong_arguments_are_said, .timeout = 60)
{
	struct run_result told = read_history("/no/such/file", NULL, NULL);

	cr_expect_eq(told.status, 1);
	cr_expect(strstr(told.report, "No such file"), "%s", told.report);
	run_destroy(&told);
	told = read_history("/bin/sh", NULL, NULL);
	cr_expect_eq(told.status, 1);
	cr_expect(strstr(told.report, "not a history file"), "%s", told.report);
	run_destroy(&told);
	told = read_history("/bin/sh", "--address=xyz", NULL);
	cr_expect_eq(told.status, 2);
	run_destroy(&told);
}
