/* SPDX-License-Identifier: MIT
 *
 * Pointers that are nowhere but below the stack pointer of a thread that runs: leaf functions may keep values in the 128 bytes there (System V ABI).
 */
// leaks: | | direct=1:100 reachable=2
// leaks: | leak_roots=stacks | direct=1:100 reachable=2
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

/* Named in assembler. */
char *slots[2];
volatile int slots_taken;

/* Moves the pointers from the slots to both ends of the red zone, then runs in a circle. */
void hold(void);

__asm__(".text\n"
	".globl hold\n"
	"hold:\n"
	"	movq slots+0(%rip), %rax\n"
	"	movq %rax, -8(%rsp)\n"
	"	movq slots+8(%rip), %rax\n"
	"	movq %rax, -128(%rsp)\n"
	"	xorl %eax, %eax\n"
	"	movq %rax, slots+0(%rip)\n"
	"	movq %rax, slots+8(%rip)\n"
	"	movl $1, slots_taken(%rip)\n"
	"1:	pause\n"
	"	jmp 1b\n");

static void *run(void *unused)
{
	hold();
	return unused;
}

int main(void)
{
	pthread_t thread;

	slots[0] = keep(40);
	slots[1] = keep(50);
	lose(100);
	CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
	while (!slots_taken)
		usleep(1000);
	say_ok();
	return 0;
}
