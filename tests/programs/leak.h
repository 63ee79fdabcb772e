/* SPDX-License-Identifier: MIT
 *
 * For the programs that leak on purpose: blocks that nobody points to, and a search in the middle of the run. Each program says in lines of its comment
 * what must be found, for tests/system/test_leaks.c:
 *
 *     // leaks: ARGUMENTS | OPTIONS | KIND=BLOCKS:BYTES ...
 *
 * KIND is direct, indirect, possible or reachable (at least so many, without bytes); what is not named is 0. "*" stands for any
 * numbers. "reports=N" (or "N-M") if there is not one report but N, each of which says the same; "ring" if one is named; "note" if the report warns that it is
 * not certain; "status=N" for the exit status. Programs do not wipe their stacks and registers of the addresses of what they lost.
 */
#ifndef LEAK_H
#define LEAK_H

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A block that is written to, so that it looks like one in use. */
static __attribute__((noinline)) char *keep(size_t bytes)
{
	char *block = (char *)malloc(bytes);

	CHECK(block);
	memset(block, 1, bytes);
	return block;
}

/* Inverted addresses of the lost blocks, for a look at them in a debugger. */
static uintptr_t lost_blocks[64];
static unsigned lost_count;

static __attribute__((noinline)) void lose_here(size_t bytes)
{
	lost_blocks[lost_count++ % 64] = ~(uintptr_t)keep(bytes);
}

/* Loses a block. Its address stays behind in dead frames; but so far down that no later frame, which leaves some of its words unwritten, is laid over it: such
 * a word would count. */
static __attribute__((noinline)) void lose(size_t bytes)
{
	volatile char far[4096];

	far[0] = 2;
	lose_here(bytes);
}

/* Not through stdio, whose buffer would be a block more. */
static void say_ok(void)
{
	CHECK(write(STDOUT_FILENO, "ok\n", 3) == 3);
}

/* Looks for leaks here: the option signal_leaks is 12 in all runs. Six arguments leave no old value in any register, which would count. */
static void look(void)
{
	CHECK(syscall(SYS_tgkill, (long)getpid(), syscall(SYS_gettid), (long)SIGUSR2, 0l, 0l, 0l) == 0);
}

#ifdef __cplusplus
}
#endif

#endif
