/* SPDX-License-Identifier: MIT
 *
 * One fault, by name: see tests/system/test_faults.c. Without a name, none.
 */
// build: -O0
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile long sink;
static volatile int zero;

/* --- bad accesses of the heap -------------------------------------------------- */

static void touch(void)
{
	volatile int *block = malloc(64);

	block[16] = 7;
	free((void *)block);
}

static void touch_read(void)
{
	volatile int *block = malloc(64);

	block[0] = 1;
	sink = block[16] ? 1 : 1;
	free((void *)block);
}

static void touch_byte(void)
{
	volatile char *block = malloc(10);

	block[17] = 1;
	free((void *)block);
}

typedef long pair __attribute__((vector_size(16), aligned(1)));

static void touch_wide(void)
{
	pair *block = malloc(64), got;

	got = *(volatile pair *)(block + 4);
	sink = got[0] ? 1 : 1;
	free(block);
}

static void touch_across(void)
{
	char *block = malloc(64);
	long value;

	__asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(block + 60) : "memory");
	sink = value ? 1 : 1;
	free(block);
}

static void touch_loop(void)
{
	volatile char *block = malloc(40);

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 100; i++)
			block[i] = (char)i;
	free((void *)block);
}

static void touch_far(void)
{
	volatile char *block = malloc(64);

	sink = block[64 + 3000] ? 1 : 1;
	free((void *)block);
}

static void touch_freed(void)
{
	volatile int *block = malloc(64);

	free((void *)block);
	sink = block[2] ? 1 : 1;
}

static void touch_freed_write(void)
{
	volatile long *block = malloc(64);

	free((void *)block);
	block[0] = 5;
}

static void touch_moved(void)
{
	volatile char *block = malloc(64);
	char *moved = realloc((void *)block, 100000);

	sink = block[5] ? 1 : 1;
	free(moved);
}

static void touch_large(void)
{
	volatile char *block = malloc(1000000);

	free((void *)block);
	sink = block[500000] ? 1 : 1;
}

static void touch_copy(void)
{
	char *block = malloc(64), text[200];

	memset(text, 'a', sizeof text);
	for (char *from = text, *to = block; from < text + sizeof text; from += 8, to += 8)
		memcpy(to, from, 8); /* a move */
	free(block);
}

static void *touch_in_thread(void *unused)
{
	touch();
	return unused;
}

static void in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, touch_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void must_not_be_called(int number)
{
	printf("called with %d\n", number);
}

static void with_handler(void)
{
	signal(SIGSEGV, must_not_be_called);
	touch();
}

static void on_small_stack(void)
{
	stack_t stack = { .ss_size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 1024 };
	struct sigaction action = { .sa_handler = must_not_be_called, .sa_flags = SA_ONSTACK };

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	touch();
}

static void handle_usr1(int number)
{
	touch();
}

static void in_handler(void)
{
	signal(SIGUSR1, handle_usr1);
	raise(SIGUSR1);
}

static void with_lock(void)
{
	flockfile(stdout);
	flockfile(stderr);
	touch();
	funlockfile(stderr);
	funlockfile(stdout);
}

static void in_child(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		touch();
		_exit(3);
	}
	waitpid(child, &status, 0);
	printf("child: %d\n", WEXITSTATUS(status));
}

/* --- crashes -------------------------------------------------------------------- */

static void null(void)
{
	*(volatile int *)(long)zero = 1;
}

static int recurse(int depth)
{
	volatile char frame[200];

	frame[0] = 1;
	return recurse(depth + 1) + frame[0];
}

static void stack(void)
{
	sink = recurse(0);
}

static void *recurse_in_thread(void *unused)
{
	stack();
	return unused;
}

static void stack_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, recurse_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void bus(void)
{
	FILE *file = tmpfile();

	sink = *(volatile char *)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
}

static void jump(void)
{
	((void (*)(void))(long)(zero + 16))();
}

static void send_raise(void)
{
	raise(SIGSEGV);
}

static void send_kill(void)
{
	kill(getpid(), SIGBUS);
	pause();
}

static void trap(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	raise(SIGTRAP);
#endif
}

static void divide(void)
{
#if defined(__x86_64__)
	__asm__ volatile("idivl %0" : : "r"(zero), "a"(1), "d"(0));
#else
	raise(SIGFPE);
#endif
}

static void illegal(void)
{
	__builtin_trap();
}

static void ignored_null(void)
{
	signal(SIGSEGV, SIG_IGN);
	null();
}

static void blocked_null(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	null();
}

static int returns;

static void returning(int number)
{
	puts("handler");
	fflush(stdout);
	if (++returns == 3)
		signal(number, SIG_DFL);
}

static void handler_returns(void)
{
	signal(SIGSEGV, returning);
	null();
}

static void reset_handler(void)
{
	struct sigaction action = { .sa_handler = returning, .sa_flags = (int)SA_RESETHAND | SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	null();
}

/* A crash in a handler that interrupts malloc, sooner or later. */
static volatile int interrupted;

static void crash_now_and_then(int number)
{
	if (++interrupted == 50)
		null();
}

static void in_malloc_handler(void)
{
	struct itimerval each = { { 0, 1000 }, { 0, 1000 } };

	signal(SIGALRM, crash_now_and_then);
	setitimer(ITIMER_REAL, &each, NULL);
	for (;;)
		free(malloc(100));
}

static int cloned(void *unused)
{
	null();
	return 0;
}

/* A thread that nobody but the kernel knows; its fault ends the process. */
static void raw_clone(void)
{
	static char memory[65536] __attribute__((aligned(64)));

	clone(cloned, memory + sizeof memory, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES, NULL);
	for (;;)
		pause();
}

/* --- many --------------------------------------------------------------------------- */

static void many(void *(*function)(void *))
{
	pthread_t threads[16];

	for (int i = 0; i < 16; i++)
		pthread_create(&threads[i], NULL, function, NULL);
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
}

static void *touch_often(void *unused)
{
	for (int i = 0; i < 100; i++)
		touch();
	return unused;
}

static void *crash_in_thread(void *unused)
{
	null();
	return unused;
}

static void many_threads(void)
{
	many(touch_often);
}

static void many_crashes(void)
{
	many(crash_in_thread);
}

static void *nothing(void *unused)
{
	return unused;
}

static size_t mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	fscanf(file, "%zu", &pages);
	fclose(file);
	return pages;
}

static void thread_churn(void)
{
	pthread_t thread;
	size_t before = 0;

	for (int i = 0; i < 20000; i++) {
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
		if (i == 1000)
			before = mapped_pages();
	}
	if (mapped_pages() > before + 4096)
		printf("grew by %zu pages\n", mapped_pages() - before), exit(1);
}

static const struct {
	const char *name;
	void (*function)(void);
} kinds[] = { { "write-past", touch }, { "read-past", touch_read }, { "write-byte", touch_byte }, { "read-wide", touch_wide }, { "read-across", touch_across },
	{ "loop-past", touch_loop }, { "far-past", touch_far }, { "after-free", touch_freed }, { "write-after-free", touch_freed_write },
	{ "after-realloc", touch_moved }, { "large-after-free", touch_large }, { "string-copy", touch_copy }, { "in-thread", in_thread },
	{ "with-handler", with_handler }, { "on-small-stack", on_small_stack }, { "in-handler", in_handler }, { "with-lock", with_lock },
	{ "in-child", in_child }, { "null", null }, { "stack", stack }, { "stack-thread", stack_thread }, { "bus", bus }, { "jump", jump },
	{ "raise", send_raise }, { "kill", send_kill }, { "trap", trap }, { "divide", divide }, { "illegal", illegal }, { "abort", abort },
	{ "ignored-null", ignored_null }, { "blocked-null", blocked_null }, { "handler-returns", handler_returns }, { "reset-handler", reset_handler },
	{ "in-malloc-handler", in_malloc_handler }, { "raw-clone", raw_clone }, { "many-threads", many_threads }, { "many-crashes", many_crashes },
	{ "thread-churn", thread_churn } };

int main(int count, char **arguments)
{
	for (size_t i = 0; count > 1 && i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].name, arguments[1]))
			kinds[i].function();
	puts("end");
	return 0;
}
