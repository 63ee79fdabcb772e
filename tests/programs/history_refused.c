/* SPDX-License-Identifier: MIT
 *
 * history_refused clock|room: starts itself again under a filter. That refuses the system call for the clock, which the C library does not need; or it says
 * of each request for room on a disk that a signal interrupted it, as a file system may do for as long as signals come.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	bool clock = argc > 1 && !strcmp(argv[1], "clock");
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, clock ? SYS_clock_gettime : SYS_fallocate, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (clock ? EPERM : EINTR)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof steps / sizeof *steps, steps };

	if (argc > 2) {
		free(malloc(100));
		return puts("ran") < 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		return 1;
	execl(argv[0], argv[0], argv[1], "again", (char *)NULL);
	return 2;
}
