/* SPDX-License-Identifier: MIT
 *
 * Forks; before, and in parent and child afterwards, a block is allocated by a function with a name of its own. Prints the process numbers.
 *
 * "later": past all handlers; parent and child allocate in threads of their own, the child when the parent has done so, and in a library first.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void *both_owner(void)
{
	return malloc(3000);
}

static __attribute__((noinline)) void *parent_owner(void)
{
	return malloc(3001);
}

static __attribute__((noinline)) void *child_owner(void)
{
	return malloc(3002);
}

static void *allocate_in_parent(void *unused)
{
	for (int i = 0; i < 3000; i++) {
		void *volatile block = parent_owner();

		free(block);
	}
	return unused;
}

/* Few: of what it finds in its ring most would stay. */
static void *allocate_in_child(void *unused)
{
	void *volatile block = child_owner();

	free(block);
	return unused;
}

/* Keeps what a thread has, so that the next one gets some of its own. */
static void *stay(void *begun)
{
	free(malloc(10));
	pthread_barrier_wait(begun);
	return pause(), NULL;
}

static int run_thread(void *(*work)(void *))
{
	pthread_t thread;

	return pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL);
}

static int fork_later(const char *program)
{
	char plugin[4096], byte;
	int done[2], status;

	snprintf(plugin, sizeof plugin, "%.*s/plugin_leak", (int)(strrchr(program, '/') - program), program);
	void *library = dlopen(plugin, RTLD_NOW);
	void (*use_library)(void) = library ? (void (*)(void))dlsym(library, "plugin_keep") : NULL;

	pthread_barrier_t begun;
	pthread_t first;

	if (!use_library || pipe(done) != 0 || pthread_barrier_init(&begun, NULL, 2) || pthread_create(&first, NULL, stay, &begun))
		return 1;
	pthread_barrier_wait(&begun);
	pid_t child = _Fork();

	if (child == 0) {
		if (read(done[0], &byte, 1) != 1)
			_exit(1);
		use_library();
		_exit(run_thread(allocate_in_child));
	}
	if (run_thread(allocate_in_parent) || write(done[1], "", 1) != 1 || waitpid(child, &status, 0) != child || status)
		return 1;
	printf("%d %d\n", (int)getpid(), (int)child);
	return 0;
}

int main(int argc, char **argv)
{
	void *volatile before = both_owner(), *volatile after;
	const char *how = argc > 1 ? argv[1] : "fork";
	int status;

	if (!strcmp(how, "later")) {
		status = fork_later(argv[0]);
		free(before);
		return status;
	}
	if (!strcmp(how, "limit")) {
		struct rlimit small = { 4096, RLIM_INFINITY };

		setrlimit(RLIMIT_FSIZE, &small);
		if (fork() == 0) /* one more, and its child */
			return fork() == 0 ? 0 : wait(&status) < 0;
		wait(&status);
	}
	pid_t child = strcmp(how, "behind") ? fork() : _Fork();

	if (child == 0) {
		for (int i = 0; i < 3000; i++) { /* more than a ring of its own would hold back */
			after = child_owner();
			free(after);
		}
		free(before);
		_exit(0);
	}
	after = parent_owner();
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	printf("%d %d\n", (int)getpid(), (int)child);
	free(after);
	free(before);
	return 0;
}
