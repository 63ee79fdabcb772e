/* SPDX-License-Identifier: MIT
 *
 * free of pointers that never came from malloc: the report says what they are.
 */
// expect: ERROR: malloc-debug: bad-free
// expect: on the stack of thread T0
// expect: in main *bad_free_places.c:38
// expect: ERROR: malloc-debug: bad-free
// expect: a global variable, constant or function of a module:*bad_free_places
// expect: in main *bad_free_places.c:39
// expect: ERROR: malloc-debug: bad-free
// expect: a global variable, constant or function of a module:*bad_free_places
// expect: in main *bad_free_places.c:40
// expect: ERROR: malloc-debug: bad-free
// expect: in memory that the program or a library mapped
// expect: in main *bad_free_places.c:41
// expect: ERROR: malloc-debug: bad-free
// expect: in no mapped memory
// expect: in main *bad_free_places.c:43
// expect: ERROR: malloc-debug: bad-free
// expect: 24 bytes above address 0
// expect: in main *bad_free_places.c:44
// expect: ERROR: malloc-debug: bad-free
// expect: no address that the processor can use
// expect: in main *bad_free_places.c:45
// status: 0
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static char global[64];

int main(void)
{
	char local[64];
	char *mapping = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	free(local + 16);
	free(global + 16);
	free("a constant");
	free(mapping + 8192);
	munmap(mapping, 1 << 20);
	free(mapping + 8192);
	free((void *)24);
	free((void *)(uintptr_t)0xbebebebebebebebe);
	return 0;
}
