/* SPDX-License-Identifier: MIT
 *
 * Executes the program that its arguments name under a filter that knows no advice to install guards, as kernels before Linux 6.13; with
 * "none" before it, one that refuses protection too. For tests/system/test_guard.c.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 4),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 102, 0, 1),
		REFUSE,
		ALLOW,
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_NONE, 0, 1),
		REFUSE,
		ALLOW,
	};
	bool none = argc > 1 && !strcmp(argv[1], "none");
	struct sock_fprog program = { .len = sizeof filter / sizeof *filter, .filter = filter };

	if (argc < 2) {
		puts("ok");
		return 0;
	}
	if (!none)
		filter[6] = (struct sock_filter)ALLOW;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	execv(argv[1 + none], argv + 1 + none);
	CHECK(0);
}
