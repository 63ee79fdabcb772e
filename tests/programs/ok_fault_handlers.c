/* SPDX-License-Identifier: MIT
 *
 * Programs that live with faults: handlers that jump out, that make the page accessible and go on (garbage collectors, JITs), that step over the
 * instruction, and that recover from the overflow of a stack on an alternate one (as libsigsegv has it). 10000 faults each.
 */
// build: -Wno-infinite-recursion
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define FAULTS 10000

static __thread sigjmp_buf back;
static __thread volatile int faults;
static char *page;
static size_t page_bytes;

static void set(int flags, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
}

static void jump_out(int number, siginfo_t *info, void *context)
{
	CHECK(number == SIGSEGV && info->si_code > 0);
	faults++;
	siglongjmp(back, 1);
}

static void jump_loop(volatile char *addr)
{
	faults = 0;
	for (volatile int i = 0; i < FAULTS; i++)
		if (!sigsetjmp(back, 1))
			*addr = 1;
	CHECK(faults == FAULTS);
}

static void open_page(int number, siginfo_t *info, void *context)
{
	CHECK(info->si_code == SEGV_ACCERR && (char *)info->si_addr == page + 8);
	faults++;
	CHECK(mprotect(page, page_bytes, PROT_READ | PROT_WRITE) == 0);
}

static void write_barrier(void)
{
	faults = 0;
	for (int i = 0; i < FAULTS; i++) {
		CHECK(mprotect(page, page_bytes, i & 1 ? PROT_READ : PROT_NONE) == 0);
		((volatile char *)page)[8] = (char)i;
	}
	CHECK(faults == FAULTS);
}

#if defined(__x86_64__)
/* movl (%rax), %eax is two bytes long: the "null check" of a virtual machine. */
static void step_over(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	CHECK(info->si_addr == (void *)16 && registers[REG_RAX] == 16);
	registers[REG_RIP] += 2;
	registers[REG_RAX] = 42;
	faults++;
}

static void null_checks(void)
{
	faults = 0;
	for (int i = 0; i < FAULTS; i++) {
		long value = 16;

		__asm__ volatile("movl (%%rax), %%eax" : "+a"(value) : : "memory");
		CHECK(value == 42);
	}
	CHECK(faults == FAULTS);
}

/* Code made at run time that runs into a trap, and goes on elsewhere. */
static uintptr_t landing;

static void land(int number, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)landing;
	faults++;
}

static void run_made_code(void)
{
	static const unsigned char code[] = { 0xb8, 7, 0, 0, 0, 0x8b, 0x0c, 0x25, 0x10, 0, 0, 0, 0xb8, 8, 0, 0, 0, 0xc3 /* the landing: */, 0x83, 0xc0, 2, 0xc3 };
	unsigned char *made = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(made != MAP_FAILED);
	memcpy(made, code, sizeof code);
	landing = (uintptr_t)made + 18;
	faults = 0;
	for (int i = 0; i < FAULTS; i++)
		CHECK(((int (*)(void))made)() == 9);
	CHECK(faults == FAULTS);
}
#endif

static int overflow(int depth)
{
	volatile char large[1000];

	large[depth % 1000] = 1;
	return depth < 0 ? 0 : overflow(depth + 1) + large[0];
}

/* On the alternate stack: where else. */
static void overflown(int number, siginfo_t *info, void *context)
{
	stack_t now;
	char here;

	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_ONSTACK);
	CHECK(&here >= (char *)now.ss_sp && &here < (char *)now.ss_sp + now.ss_size);
	faults++;
	siglongjmp(back, 1);
}

static void stack_loop(void)
{
	stack_t stack = { .ss_size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 4096 }, none;

	CHECK(sigaltstack(NULL, &none) == 0 && none.ss_flags == SS_DISABLE && !none.ss_sp);
	stack.ss_sp = malloc(stack.ss_size);
	CHECK(sigaltstack(&stack, &none) == 0 && none.ss_flags == SS_DISABLE && !none.ss_sp && !none.ss_size);
	faults = 0;
	for (volatile int i = 0; i < 5; i++)
		if (!sigsetjmp(back, 1))
			overflow(0);
	CHECK(faults == 5);
	none = (stack_t){ .ss_flags = SS_DISABLE };
	CHECK(sigaltstack(&none, &stack) == 0 && !stack.ss_flags);
	CHECK(sigaltstack(NULL, &none) == 0 && none.ss_flags == SS_DISABLE && !none.ss_sp);
	free(stack.ss_sp);
}

static void *in_thread(void *unused)
{
	jump_loop((char *)100);
	stack_loop();
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, in_thread, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* Once, and then the default action. */
static void once(int number, siginfo_t *info, void *context)
{
	struct sigaction now;

	CHECK(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	faults++;
	siglongjmp(back, 1);
}

/* A fault inside the handler. */
static void nested(int number, siginfo_t *info, void *context)
{
	if (++faults < 50)
		*(volatile char *)(uintptr_t)(100 + faults) = 1;
	siglongjmp(back, 1);
}

int main(void)
{
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	page = mmap(NULL, page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	set(0, jump_out);
	jump_loop(NULL);
	jump_loop(page);
	jump_loop((char *)0x4141414141414141);
	set(SA_NODEFER, jump_out);
	jump_loop(page);
	set(0, open_page);
	write_barrier();
#if defined(__x86_64__)
	set(SA_RESTART, step_over);
	null_checks();
	set(SA_ONSTACK, land);
	run_made_code();
#endif
	set(SA_ONSTACK, overflown);
	stack_loop();
	faults = 0;
	set(SA_NODEFER, nested);
	if (!sigsetjmp(back, 1))
		*(volatile char *)100 = 1;
	CHECK(faults == 50);
	for (int i = 0; i < 100; i++) {
		faults = 0;
		set((int)SA_RESETHAND, once);
		if (!sigsetjmp(back, 1))
			*(volatile char *)100 = 1;
		CHECK(faults == 1);
	}
	set(SA_ONSTACK, overflown);
	/* in_thread's first loop has no alternate stack of its own */
	set(0, jump_out);
	jump_loop((char *)1);
	{
		pthread_t thread;

		set(SA_ONSTACK, jump_out);
		CHECK(pthread_create(&thread, NULL, (void *(*)(void *))jump_loop, (char *)1) == 0);
		pthread_join(thread, NULL);
	}
	run_threads();
	puts("ok");
	return 0;
}
