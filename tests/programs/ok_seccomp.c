/* SPDX-License-Identifier: MIT
 *
 * A filter that kills the process at any system call that malloc and orderly exit do not need: allocation goes on under it.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(mprotect),
		ALLOW(madvise),
		ALLOW(brk),
		ALLOW(futex),
		ALLOW(write),
		ALLOW(exit_group),
		ALLOW(rt_sigreturn),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	char *blocks[100] = { 0 };

	puts("before");
	fflush(stdout);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	for (size_t i = 0; i < 50000; i++) {
		char **slot = &blocks[i * 7 % 100];
		size_t size = i % 1000 == 0 ? 3 << 20 : i * 13 % 5000 + 1;

		*slot = i % 3 ? (free(*slot), malloc(size)) : realloc(*slot, size);
		CHECK(*slot);
		(*slot)[size - 1] = 1;
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	puts("ok");
	return 0;
}
