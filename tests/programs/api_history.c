/* SPDX-License-Identifier: MIT
 *
 * One address, two owners: shows the history of the address.
 */
#include <malloc_debug.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *first_owner(void)
{
	return malloc(333);
}

static void *second_owner(void)
{
	return malloc(333);
}

int main(void)
{
	uintptr_t address = (uintptr_t)first_owner();
	void *block = NULL;

	free((void *)address);
	for (int i = 0; i < 100000 && (uintptr_t)block != address; i++) {
		free(block);
		malloc_debug_purge(MALLOC_DEBUG_PURGE_KEEP_ZONES);
		block = second_owner();
	}
	printf("same address: %d\n", (uintptr_t)block == address);
	fflush(stdout);
	long events = malloc_debug_show_history(STDOUT_FILENO, block, 0);
	printf("events at least 3: %d\n", events >= 3);
	printf("at most 1: %ld\n", malloc_debug_show_history(STDERR_FILENO, block, 1));
	free(block);
	return 0;
}
