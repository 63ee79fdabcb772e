/* SPDX-License-Identifier: MIT
 *
 * BUS: a file is mapped by the length that it should have, and is shorter.
 *
 *     malloc-debug run -- build/examples/BUS
 */
// expect: ERROR: malloc-debug: BUS on address
// expect: READ of size 4 at
// expect: there is no such part of the file behind it
// expect: in main *BUS.c:29
// signal: 7
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORDS 4096

int main(void)
{
	FILE *file = tmpfile();
	uint32_t *records;

	if (!file || ftruncate(fileno(file), 4096) != 0)
		return 1;
	records = mmap(NULL, RECORDS * sizeof *records, PROT_READ, MAP_SHARED, fileno(file), 0);
	if (records == MAP_FAILED)
		return 1;
	printf("%u\n", records[RECORDS - 1]);
	return 0;
}
