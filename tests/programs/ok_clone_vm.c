/* SPDX-License-Identifier: MIT
 *
 * Processes that share their parent's memory, made by clone: one with the parent suspended, as vfork has it, which allocates on a stack of its own; one that
 * runs beside it, as sandboxes make them, without allocating. And bare forks, whose children allocate.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define STACK (256 << 10)

static char *volatile block;
static atomic_int released;

static int allocate(void *arg)
{
	free(block);
	block = malloc((size_t)arg);
	if (block)
		memset(block, 'c', (size_t)arg);
	return 5;
}

static int wait_for_parent(void *arg)
{
	while (!atomic_load(&released))
		usleep(100);
	return 6 + (arg != NULL);
}

static int run_shell(void *arg)
{
	execl("/bin/sh", "sh", "-c", "exit 8", (char *)NULL);
	return arg != NULL;
}

static int end_of(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(stack != MAP_FAILED);
	for (size_t i = 1; i <= 200; i++) {
		CHECK(end_of(clone(allocate, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)(i * 50))) == 5);
		CHECK(block[0] == 'c' && block[i * 50 - 1] == 'c');
		free(malloc(i * 50));
	}
	for (size_t i = 0; i < 50; i++) {
		atomic_store(&released, 0);
		pid_t pid = clone(wait_for_parent, stack + STACK, CLONE_VM | SIGCHLD, NULL);

		CHECK(pid > 0);
		for (size_t j = 0; j < 200; j++) {
			free(block);
			block = malloc(j);
		}
		atomic_store(&released, 1);
		CHECK(end_of(pid) == 6);
		CHECK(end_of(clone(run_shell, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL)) == 8);
	}
	for (size_t i = 0; i < 50; i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

		if (pid == 0) {
			for (size_t j = 0; j < 200; j++) {
				free(block);
				block = malloc(j + 1);
			}
			_exit(block ? 9 : 1);
		}
		CHECK(end_of(pid) == 9);
	}
	free(block);
	puts("ok");
	return 0;
}
