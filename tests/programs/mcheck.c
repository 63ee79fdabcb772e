/* SPDX-License-Identifier: MIT
 *
 * glibc's heap checks: what mprobe says of good, damaged, freed and foreign pointers, and which of them the program's function is told of.
 */
#include <malloc.h>
#include <mcheck.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name(enum mcheck_status status)
{
	switch (status) {
	case MCHECK_DISABLED: return "disabled";
	case MCHECK_OK: return "ok";
	case MCHECK_FREE: return "free";
	case MCHECK_HEAD: return "head";
	case MCHECK_TAIL: return "tail";
	}
	return "?";
}

static void told(enum mcheck_status status)
{
	free(malloc(100)); /* the heap may be used here */
	printf("told %s\n", name(status));
}

int main(void)
{
	volatile char *good = malloc(40), *tail = malloc(40), *head = malloc(40), *freed = malloc(40);
	volatile char *other = malloc(40);
	int local;

	printf("before: %s\n", name(mprobe((void *)good)));
	printf("mcheck: %d\n", mcheck(told));
	printf("good: %s\n", name(mprobe((void *)good)));
	tail[40] = 'x';
	printf("tail: %s\n", name(mprobe((void *)tail)));
	printf("repaired: %s\n", name(mprobe((void *)tail)));
	head[-1] = 'x';
	printf("head: %s\n", name(mprobe((void *)head)));
	free((void *)freed);
	printf("freed: %s\n", name(mprobe((void *)freed)));
	printf("local: %s\n", name(mprobe(&local)));
	tail[41] = 'x';
	puts("all:");
	mcheck_check_all();
	puts("pedantic:");
	printf("mcheck_pedantic: %d\n", mcheck_pedantic(told));
	other[40] = 'x';
	free((void *)good); /* notices the damage to another block */
	puts("end");
	return 0;
}
