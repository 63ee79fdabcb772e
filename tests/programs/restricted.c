/* SPDX-License-Identifier: MIT
 *
 * Bugs under a filter that kills at any system call but malloc's own: they are reported by write alone, without a helper for names, and the
 * program goes on. A pointer that is no block's is not asked about either.
 */
// expect: ERROR: malloc-debug: double-free
// expect: (T0, restricted)
// expect: the start of the 40-byte block
// expect: the program restricts its own system calls
// expect: ERROR: malloc-debug: bad-free
// expect: on the stack of thread T0
// expect: ERROR: malloc-debug: bad-free
// expect: not in a block of this allocator
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 24-byte block
// expect: Found when the process ended
// output: went on
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(madvise),
		ALLOW(futex),
		ALLOW(write),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	static char buffer[BUFSIZ];
	char local[64] = "";
	char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	printf("%s", ""); /* what it asks the system about its file, it asks now */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 1;
	char *block = malloc(40);
	free(block);
	free(block);
	free(local + 16);
	free(mapped + 4096);
	block = malloc(24);
	block[24] = 1;
	puts("went on");
	return 0;
}
