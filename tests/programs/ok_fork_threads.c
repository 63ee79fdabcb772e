/* SPDX-License-Identifier: MIT
 *
 * Forks from a program whose other threads allocate all the time; each child allocates, frees, starts a thread, and exits. The argument is
 * the number of forks.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define THREADS 3
#define AT_ONCE 4

static atomic_bool stop;

static void use_heap(unsigned rounds, unsigned seed)
{
	char *blocks[32] = { 0 };

	for (unsigned i = 0; i < rounds; i++) {
		char **slot = &blocks[(i * 7 + seed) % 32];
		size_t size = (i * 131 + seed) % 3000 + 1;

		*slot = i % 4 ? (free(*slot), malloc(size)) : realloc(*slot, size);
		CHECK(*slot);
		memset(*slot, 1, size);
	}
	for (int i = 0; i < 32; i++)
		free(blocks[i]);
}

static void *allocate_until_stopped(void *argument)
{
	while (!atomic_load(&stop))
		use_heap(200, (unsigned)(size_t)argument);
	return NULL;
}

static void *allocate_once(void *argument)
{
	use_heap(50, 3);
	return argument;
}

static void reap_one(void)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid < 0 && errno == EINTR);
	CHECK(pid > 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

int main(int argc, char **argv)
{
	int forks = argc > 1 ? atoi(argv[1]) : 100;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, allocate_until_stopped, (void *)i) == 0);
	for (int i = 0; i < forks; i++) {
		if (i >= AT_ONCE)
			reap_one();
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			use_heap(100, (unsigned)i);
			if (i % 10 == 0) {
				pthread_t thread;
				int status = 0;

				CHECK(pthread_create(&thread, NULL, allocate_once, NULL) == 0);
				pthread_join(thread, NULL);
				pid_t grandchild = fork();
				if (grandchild == 0) {
					use_heap(10, 1);
					_exit(0);
				}
				CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
			}
			if (i % 2)
				exit(3);
			_exit(3);
		}
	}
	for (int i = 0; i < (forks < AT_ONCE ? forks : AT_ONCE); i++)
		reap_one();
	atomic_store(&stop, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	puts("ok");
	return 0;
}
