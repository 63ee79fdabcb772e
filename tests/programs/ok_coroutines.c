/* SPDX-License-Identifier: MIT
 *
 * Coroutines by makecontext on 16 KiB stacks taken from malloc: blocks are made in one context and freed in another.
 */
#include <string.h>
#include <ucontext.h>

#include "tests/programs/ok.h"

#define COUNT 32

static ucontext_t scheduler, contexts[COUNT];
static char *mailbox[COUNT];

static void run(int index)
{
	for (int i = 0; i < 100; i++) {
		int next = (index + 1) % COUNT;

		free(mailbox[next]);
		mailbox[next] = malloc((size_t)(index * 50 + i + 1));
		memset(mailbox[next], index, (size_t)(index * 50 + i + 1));
		swapcontext(&contexts[index], &scheduler);
	}
}

int main(void)
{
	char *stacks[COUNT];

	for (int i = 0; i < COUNT; i++) {
		stacks[i] = malloc(16384);
		CHECK(getcontext(&contexts[i]) == 0);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = 16384;
		contexts[i].uc_link = &scheduler;
		makecontext(&contexts[i], (void (*)(void))run, 1, i);
	}
	for (int round = 0; round <= 100; round++)
		for (int i = 0; i < COUNT; i++)
			swapcontext(&scheduler, &contexts[i]);
	for (int i = 0; i < COUNT; i++) {
		free(stacks[i]);
		free(mailbox[i]);
	}
	puts("ok");
	return 0;
}
