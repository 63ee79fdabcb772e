/* SPDX-License-Identifier: MIT
 *
 * Pointers on stacks that the program made itself, of coroutines that wait and of the one that runs; registers of those that wait lie in their contexts.
 *
 * "waits": they wait when the process ends; "runs": a coroutine ends the process; "deep": the same, while main waits in frames far below those it allocated
 * in, and one of them has the only pointer to a block; "asks": it asks for a search, on a stack that is a block nobody points to.
 */
// leaks: waits malloc | | direct=1:100 reachable=3
// leaks: waits mmap | | direct=1:100 reachable=2
// leaks: runs malloc | | direct=1:100 reachable=4
// leaks: runs mmap | | direct=1:100 reachable=3
// leaks: deep malloc | | direct=1:100 reachable=4
// leaks: deep mmap | | direct=1:100 reachable=3
// leaks: asks malloc | leaks=no | direct=1:100 reachable=3 reports=1
// leaks: asks mmap | leaks=no | direct=1:100 reachable=2 reports=1
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/programs/leak.h"

#define STACK_BYTES 65536

static ucontext_t main_context, *coroutines[2];
static const char *what;

static void dig(int depth, char *pointer)
{
	char *volatile here = keep(60);

	if (depth) {
		dig(depth - 1, here);
	} else if (!strcmp(what, "runs") || !strcmp(what, "deep")) {
		say_ok();
		exit(0);
	} else if (!strcmp(what, "asks")) {
		look();
		say_ok();
		_exit(0);
	} else {
		swapcontext(coroutines[0], &main_context);
	}
	here[0] = pointer != NULL;
}

static void run(void)
{
	dig(strcmp(what, "runs") ? 0 : 1, NULL);
}

/* Of a stack on which nobody runs all counts, for nobody knows how much of it is in use: nothing may stay behind there. The loader keeps old values of
 * registers on the stack when a function is called for the first time. */
static __attribute__((noinline)) void wipe(void)
{
	volatile char far[65536];

	for (size_t i = 0; i < sizeof far; i++)
		far[i] = 0;
	__asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm1, %%xmm1\n pxor %%xmm2, %%xmm2\n pxor %%xmm3, %%xmm3\n"
			 "pxor %%xmm4, %%xmm4\n pxor %%xmm5, %%xmm5\n pxor %%xmm6, %%xmm6\n pxor %%xmm7, %%xmm7"
			 :
			 :
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
	__asm__ volatile("xorl %%ecx, %%ecx\n xorl %%edx, %%edx\n xorl %%r8d, %%r8d\n xorl %%r9d, %%r9d\n xorl %%r10d, %%r10d\n xorl %%r11d, %%r11d"
			 :
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11");
}

static __attribute__((noinline)) void wait_deep(char **last)
{
	char *volatile here[16384 / sizeof(char *)];

	here[0] = *last;
	*last = NULL;
	wipe();
	swapcontext(&main_context, coroutines[0]);
	CHECK(here[0][0] == 1);
}

int main(int argc, char **argv)
{
	char *stack, *last;

	what = argv[1];
	lose(100);
	wipe();
	if (strcmp(argv[2], "malloc"))
		stack = (char *)mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		stack = (char *)malloc(STACK_BYTES);
	coroutines[0] = (ucontext_t *)keep(sizeof *coroutines[0]);
	getcontext(coroutines[0]);
	coroutines[0]->uc_stack.ss_sp = stack;
	coroutines[0]->uc_stack.ss_size = STACK_BYTES;
	makecontext(coroutines[0], run, 0);
	if (!strcmp(what, "asks")) { /* nobody knows the stack but who runs on it */
		static ucontext_t copy;

		copy = *coroutines[0];
		copy.uc_mcontext.fpregs = &copy.__fpregs_mem;
		copy.uc_stack.ss_sp = stack = NULL;
		free(coroutines[0]);
		coroutines[0] = (ucontext_t *)keep(10);
		swapcontext(&main_context, &copy);
	}
	if (!strcmp(what, "deep")) {
		last = keep(61);
		wait_deep(&last);
	}
	swapcontext(&main_context, coroutines[0]);
	say_ok();
	return 0;
}
