/* SPDX-License-Identifier: MIT
 *
 * Filters that answer one group of system calls with an error, with SIGSYS, or with the end of the process: those that a tool for debugging might make and
 * the program never makes itself. Blocks are made and freed under each, by threads where they may be made, the heap is written down, and exit goes its
 * whole way.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "malloc_debug.h"
#include "tests/programs/ok.h"

#define GROUP_MAX 8

/* Calls that fail with an error may be tried by anybody; the others must not happen at all. madvise is one that malloc itself may try. */
static const struct {
	int calls[GROUP_MAX];
	int kinds; /* of the three answers */
	bool threads; /* whether they are started under it, too */
} groups[] = {
	/* The C library's own malloc opens a file in a thread. */
	{ { SYS_open, SYS_openat, SYS_openat2, SYS_readlink, SYS_readlinkat, SYS_stat, SYS_access, SYS_creat }, 3, false },
	{ { SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev }, 3, true },
	{ { SYS_perf_event_open, SYS_ioctl }, 3, true },
	{ { SYS_clock_gettime, SYS_nanosleep, SYS_ppoll, SYS_getrandom }, 3, false }, /* the first: for the C library a matter of the vDSO */
	{ { SYS_clone, SYS_clone3, SYS_fork, SYS_vfork, SYS_execve, SYS_pipe, SYS_pipe2, SYS_memfd_create }, 3, false },
	{ { SYS_kill, SYS_tkill, SYS_wait4, SYS_waitid, SYS_socket, SYS_connect }, 3, true },
	{ { SYS_madvise, SYS_mprotect, SYS_mremap }, 1, false },
	{ { SYS_sigaltstack, SYS_prlimit64, SYS_getrlimit, SYS_prctl, SYS_sched_yield, SYS_fcntl, SYS_dup, SYS_dup2 }, 3, false },
};

static void install(const int calls[GROUP_MAX], unsigned answer)
{
	struct sock_filter filter[2 * GROUP_MAX + 2] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { 1, filter };

	for (int i = 0; i < GROUP_MAX && (calls[i] || i == 0); i++) {
		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void *work(void *arg)
{
	char *blocks[50] = { 0 };

	for (size_t i = 0; i < 8000; i++) {
		char **slot = &blocks[i * 7 % 50];
		size_t size = i % 500 == 0 ? 3 << 20 : i * 13 % 5000 + 1;

		*slot = i % 3 ? (free(*slot), malloc(size)) : realloc(*slot, size);
		CHECK(*slot);
		(*slot)[0] = (*slot)[size - 1] = 1;
	}
	for (int i = 0; i < 50; i++)
		free(blocks[i]);
	return arg;
}

int main(void)
{
	static const unsigned answers[] = { SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_TRAP, SECCOMP_RET_KILL_PROCESS };
	int nowhere = open("/dev/null", O_WRONLY);
	pthread_t thread;

	malloc_debug_write_profile(nowhere, MALLOC_DEBUG_FOLDED); /* looks for the library, too */
	malloc_debug_write_map(nowhere, MALLOC_DEBUG_JSON);
	puts("begin"); /* what it asks the system about its output, it asks now */
	fflush(stdout);
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		for (int a = 0; a < groups[g].kinds; a++) {
			int status;
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (pid == 0) {
				void *kept = malloc(100);

				install(groups[g].calls, answers[a]);
				work(NULL);
				malloc_debug_write_profile(nowhere, MALLOC_DEBUG_FOLDED);
				malloc_debug_write_map(nowhere, MALLOC_DEBUG_JSON);
				if (groups[g].threads) {
					CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
					CHECK(pthread_join(thread, NULL) == 0);
				}
				free(kept);
				exit(0);
			}
			CHECK(waitpid(pid, &status, 0) == pid);
			if (status) {
				printf("group %zu, answer %d: status %x\n", g, a, (unsigned)status);
				return 1;
			}
		}
	}
	puts("ok");
	return 0;
}
