/* SPDX-License-Identifier: MIT
 *
 * Handlers that allocate and do not return, from a storm of signals: each jumps back to the loop that the signal interrupted, on the thread's own stack or
 * from an alternate one. The signal is blocked while the loop itself allocates, so all of it is allowed.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define JUMPS 3000

static _Thread_local sigjmp_buf back;
static _Thread_local volatile int jumps;
static _Thread_local char *volatile made;

static void jump(int number)
{
	char *block = malloc((size_t)jumps % 2000 + 1);

	CHECK(block);
	block[jumps % 2000] = (char)number;
	free(made);
	made = block;
	jumps++;
	siglongjmp(back, 1);
}

static void *work(void *arg)
{
	sigset_t set;
	stack_t stack = { .ss_size = 64 << 10 };

	if (arg) {
		stack.ss_sp = malloc(stack.ss_size);
		CHECK(sigaltstack(&stack, NULL) == 0);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (jumps < JUMPS) {
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		free(malloc((size_t)jumps));
		if (sigsetjmp(back, 1) == 0) {
			pthread_sigmask(SIG_UNBLOCK, &set, NULL);
			pthread_kill(pthread_self(), SIGUSR1); /* delivered before it returns */
			CHECK(0);
		}
	}
	free(made);
	if (arg) {
		stack.ss_flags = SS_DISABLE;
		CHECK(sigaltstack(&stack, NULL) == 0);
		free(stack.ss_sp);
	}
	return NULL;
}

/* The same from a clock, in a loop that does not allocate. */
static void be_interrupted(void)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	volatile int turns = 0;

	jumps = 0;
	made = NULL;
	signal(SIGALRM, jump);
	sigsetjmp(back, 1);
	if (jumps < 500) {
		setitimer(ITIMER_REAL, &often, NULL);
		for (;;)
			turns++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
	free(made);
}

int main(void)
{
	struct sigaction action = { .sa_handler = jump, .sa_flags = SA_ONSTACK };
	pthread_t threads[4];

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, work, (void *)(i % 2)) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	be_interrupted();
	puts("ok");
	return 0;
}
