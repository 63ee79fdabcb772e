/* SPDX-License-Identifier: MIT
 *
 * Pointers that are nowhere but in registers of another thread, which runs, or waits in a system call; with signals open, and with all of them blocked.
 * 8 general registers, and 4 in vector registers (6 where they are longer than 16 bytes).
 *
 * "raw": signals are blocked behind the C library's back. Such a thread cannot be stopped, and what its registers hold is not known; the report says so.
 */
// leaks: run | | direct=1:100 reachable=12
// leaks: run | leak_roots=registers | direct=1:100 reachable=12
// leaks: call | | direct=1:100 reachable=12
// leaks: run blocked | | direct=1:100 reachable=12
// leaks: call blocked | | direct=1:100 reachable=12
// leaks: call raw | | direct=* note
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/leak.h"

/* Named in assembler. */
char *slots[14];
volatile int slots_taken, slots_stop, pipe_ends[2];
char slots_byte;

/* Moves the pointers from the slots to registers, then runs in a circle or reads from a pipe. Comes back never. */
void hold(int call, int wide);

__asm__(".text\n"
	".globl hold\n"
	"hold:\n"
	"	movq slots+64(%rip), %xmm3\n"
	"	movq slots+72(%rip), %xmm4\n"
	"	pinsrq $1, slots+80(%rip), %xmm7\n"
	"	movq slots+88(%rip), %xmm15\n"
	"	testl %esi, %esi\n"
	"	je 1f\n"
	"	vmovq slots+96(%rip), %xmm5\n"
	"	vinsertf128 $1, %xmm5, %ymm6, %ymm8\n"
	"	vpxor %xmm5, %xmm5, %xmm5\n"
	"	vmovq slots+104(%rip), %xmm5\n"
	"	vpslldq $8, %xmm5, %xmm5\n"
	"	vinsertf128 $1, %xmm5, %ymm6, %ymm14\n"
	"	vpxor %xmm5, %xmm5, %xmm5\n"
	"1:	movl %edi, %r11d\n"
	"	movq slots+0(%rip), %rbx\n"
	"	movq slots+8(%rip), %rbp\n"
	"	movq slots+16(%rip), %r12\n"
	"	movq slots+24(%rip), %r13\n"
	"	movq slots+32(%rip), %r14\n"
	"	movq slots+40(%rip), %r15\n"
	"	movq slots+48(%rip), %r8\n"
	"	movq slots+56(%rip), %r10\n"
	"	leaq slots(%rip), %rdi\n"
	"	xorl %eax, %eax\n"
	"	movl $14, %ecx\n"
	"	rep stosq\n"
	"	testl %r11d, %r11d\n"
	"	jne 3f\n"
	"	movl $1, slots_taken(%rip)\n"
	"2:	pause\n"
	"	jmp 2b\n"
	"3:	movl pipe_ends(%rip), %edi\n"
	"	leaq slots_byte(%rip), %rsi\n"
	"	movl $1, %edx\n"
	"	movl $1, slots_taken(%rip)\n"
	"	xorl %eax, %eax\n"
	"	syscall\n"
	"	hlt\n");

static const char *blocked;

static void *run(void *call)
{
	sigset_t all;
	unsigned long bits = ~0ul;

	sigfillset(&all);
	if (blocked && !strcmp(blocked, "raw"))
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &bits, NULL, sizeof bits);
	else if (blocked)
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	hold(call != NULL, __builtin_cpu_supports("avx") != 0);
	return NULL;
}

int main(int argc, char **argv)
{
	int wide = __builtin_cpu_supports("avx") != 0;
	pthread_t thread;

	blocked = argv[2];
	CHECK(pipe((int *)pipe_ends) == 0);
	for (int i = 0; i < (wide ? 14 : 12); i++)
		slots[i] = keep(40 + (size_t)i);
	lose(100);
	CHECK(pthread_create(&thread, NULL, run, strcmp(argv[1], "call") ? NULL : argv[1]) == 0);
	while (!slots_taken)
		usleep(1000);
	usleep(10000); /* it is in the call now */
	say_ok();
	return 0;
}
