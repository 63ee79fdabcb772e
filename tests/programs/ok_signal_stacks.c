/* SPDX-License-Identifier: MIT
 *
 * Alternate stacks as a program sees them: there is none that it did not set, and handlers with SA_ONSTACK run where they do without the library, with
 * all registers and the vector registers given back.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define ALTERNATE_BYTES 65536

static __thread char *expected_low, *expected_high;
static __thread volatile int calls;
static __thread int has_own;
static __thread sigjmp_buf back;

static void expect_none(void)
{
	stack_t now;

	memset(&now, 0x55, sizeof now);
	CHECK(sigaltstack(NULL, &now) == 0);
	CHECK(now.ss_flags == SS_DISABLE && !now.ss_sp && !now.ss_size);
}

/* Needs more than an alternate stack has. */
static int deep(int depth)
{
	char local[1024];

	memset(local, depth, sizeof local);
	return depth ? deep(depth - 1) + local[depth % 1024] - (char)depth : 0;
}

static void where(int number, siginfo_t *info, void *context)
{
	char here;

	CHECK(&here >= expected_low && &here < expected_high);
	CHECK((char *)context >= expected_low && (char *)context < expected_high);
	CHECK((char *)info >= expected_low && (char *)info < expected_high);
	if (expected_high - expected_low > 2 * ALTERNATE_BYTES) {
		if (!has_own)
			expect_none();
		CHECK(deep(500) == 0);
	}
	calls++;
	if (calls % 3 == 0 && number == SIGUSR1)
		siglongjmp(back, 1);
}

static void expect_stack(void *low, size_t bytes)
{
	expected_low = low;
	expected_high = (char *)low + bytes;
}

static double sum(double a, double b, double c, double d)
{
	return a + 2 * b + 4 * c + 8 * d;
}

static void raise_many(int number)
{
	volatile double a = 1.5, b = 2.25, c = 3.125, d = 4.0625;

	calls = 0;
	for (volatile int i = 0; i < 30; i++) {
		if (sigsetjmp(back, 1))
			continue;
		double before = sum(a, b, c, d);

#if defined(__x86_64__)
		double kept = before;
		long tag = 0x1122334455667788, got = tag, result;

		/* as close to the signal as can be: registers of both kinds hold what they held */
		__asm__ volatile("movq %[kept], %%xmm7\n"
				 "movq %[tag], %%r12\n"
				 "movl $39, %%eax\n" /* getpid */
				 "syscall\n"
				 "movq %%rax, %%rdi\n"
				 "movl %[number], %%esi\n"
				 "movl $62, %%eax\n" /* kill */
				 "syscall\n"
				 "movq %%xmm7, %[kept]\n"
				 "movq %%r12, %[got]\n"
				 : [kept] "+x"(kept), [got] "=m"(got), "=a"(result)
				 : [tag] "r"(tag), [number] "r"(number)
				 : "rdi", "rsi", "rcx", "r11", "r12", "xmm7", "memory");
		CHECK(got == tag && kept == before);
#else
		raise(number);
#endif
		CHECK(sum(a, b, c, d) == before);
	}
	CHECK(calls == 30);
}

static void set(int number, int flags)
{
	struct sigaction action = { .sa_sigaction = where, .sa_flags = SA_SIGINFO | flags }, now;

	CHECK(sigaction(number, &action, NULL) == 0 && sigaction(number, NULL, &now) == 0);
	CHECK(now.sa_sigaction == where && (now.sa_flags & SA_ONSTACK) == (flags & SA_ONSTACK));
}

static void own_stack(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t bytes;

	CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
	pthread_attr_getstack(&attributes, &low, &bytes);
	pthread_attr_destroy(&attributes);
	expect_stack(low, bytes);
}

static void *thread(void *unused)
{
	stack_t stack = { .ss_size = ALTERNATE_BYTES }, old;

	expect_none();
	own_stack();
	raise_many(SIGUSR1);
	raise_many(SIGUSR2);
	stack.ss_sp = malloc(ALTERNATE_BYTES);
	CHECK(sigaltstack(&stack, &old) == 0 && old.ss_flags == SS_DISABLE && !old.ss_sp && !old.ss_size);
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == stack.ss_sp && old.ss_size == ALTERNATE_BYTES && !old.ss_flags);
	has_own = 1;
	expect_stack(stack.ss_sp, ALTERNATE_BYTES);
	raise_many(SIGUSR1);
	own_stack(); /* no SA_ONSTACK */
	raise_many(SIGUSR2);
	stack = (stack_t){ .ss_flags = SS_DISABLE };
	CHECK(sigaltstack(&stack, &old) == 0 && old.ss_size == ALTERNATE_BYTES);
	has_own = 0;
	free(old.ss_sp);
	expect_none();
	own_stack();
	raise_many(SIGUSR1);
	stack = (stack_t){ .ss_sp = &old, .ss_size = 10 };
	CHECK(sigaltstack(&stack, NULL) == -1);
	stack = (stack_t){ .ss_flags = 0x40, .ss_size = ALTERNATE_BYTES };
	CHECK(sigaltstack(&stack, NULL) == -1);
	expect_none();
	return NULL;
}

/* Signals go to the process: the first thread has them blocked. */
static void *blocked_first(void *unused)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	pthread_sigmask(SIG_UNBLOCK, &both, NULL);
	return thread(unused);
}

int main(void)
{
	sigset_t both;
	pthread_t other;

	set(SIGUSR1, SA_ONSTACK);
	set(SIGUSR2, 0);
	thread(NULL);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	for (int i = 0; i < 20; i++) {
		CHECK(pthread_create(&other, NULL, blocked_first, NULL) == 0);
		pthread_join(other, NULL);
	}
	puts("ok");
	return 0;
}
