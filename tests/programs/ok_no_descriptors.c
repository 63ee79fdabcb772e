/* SPDX-License-Identifier: MIT
 *
 * No descriptor is to be had: the limit is reached, or so low from the start that nothing but the standard streams is open; or the program has closed all
 * that it does not know of, the standard streams too. Allocation, threads, forks and exit go on, and what is opened later gets the lowest numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void *work(void *arg)
{
	char *blocks[64] = { 0 };

	for (size_t i = 0; i < 1500; i++) {
		char **slot = &blocks[i * 7 % 64];

		free(*slot);
		*slot = malloc(i * 31 % 9000 + 1);
		CHECK(*slot);
		memset(*slot, (int)i, i * 31 % 9000 + 1);
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return arg;
}

static void work_in_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void set_limit(rlim_t count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static int in_exhausted(void)
{
	set_limit(40);
	while (dup(1) >= 0)
		;
	CHECK(errno == EMFILE);
	work_in_threads();
	CHECK(dup(1) == -1 && errno == EMFILE);
	return 11;
}

static int in_closed_above(void)
{
	closefrom(3);
	work_in_threads();
	CHECK(open("/dev/null", O_RDONLY) == 3 && dup(3) == 4);
	return 12;
}

static int in_all_closed(void)
{
	closefrom(0);
	work_in_threads();
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
		return 1;
	work_in_threads();
	return 13;
}

static int expect_status(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		exit(run());
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (argc > 1) { /* started with room for one more than the standard streams */
		work_in_threads();
		return 14;
	}
	CHECK(expect_status(in_exhausted) == 11);
	CHECK(expect_status(in_closed_above) == 12);
	CHECK(expect_status(in_all_closed) == 13);

	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		set_limit(4); /* the loader needs one */
		closefrom(3);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 14);
	work_in_threads();
	puts("ok");
	return 0;
}
