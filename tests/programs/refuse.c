/* SPDX-License-Identifier: MIT
 *
 * Runs a program where the system refuses what containers and sandboxes refuse: refuse WHAT NAME=VALUE ... PROGRAM ARGUMENT ...
 *
 * WHAT is a list with commas: names of system calls that fail with EPERM, and "proc", without which nothing is mounted on /proc. Ends with status 77 and a
 * reason if the system does not let us refuse that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} calls[] = {
	{ "ioctl", SYS_ioctl },
	{ "madvise", SYS_madvise },
	{ "perf_event_open", SYS_perf_event_open },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "ptrace", SYS_ptrace },
	{ "rt_sigaction", SYS_rt_sigaction },
	{ "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo },
	{ "tgkill", SYS_tgkill },
};

#define CALLS (sizeof calls / sizeof calls[0])

static void give_up(const char *what)
{
	fprintf(stderr, "refuse: %s: %s\n", what, strerror(errno));
	exit(77);
}

static void hide_proc(void)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		give_up("unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("none", "/proc", "tmpfs", MS_RDONLY, NULL) != 0)
		give_up("mount");
}

static void refuse(const int *numbers, size_t count)
{
	struct sock_filter code[2 * CALLS + 2] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog filter = { .len = 1, .filter = code };

	for (size_t i = 0; i < count; i++) {
		code[filter.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
		code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		give_up("seccomp");
}

int main(int argc, char **argv)
{
	int numbers[CALLS];
	size_t count = 0;

	for (char *what = strtok(argv[1], ","); what; what = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < CALLS && strcmp(calls[i].name, what))
			i++;
		if (i < CALLS) {
			numbers[count++] = calls[i].number;
		} else if (!strcmp(what, "proc")) {
			hide_proc();
		} else {
			fprintf(stderr, "refuse: what is %s?\n", what);
			return 1;
		}
	}
	refuse(numbers, count);
	for (argv += 2; *argv && strchr(*argv, '='); argv++)
		putenv(*argv);
	execv(*argv, argv);
	perror(*argv);
	return 1;
}
