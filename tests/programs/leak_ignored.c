/* SPDX-License-Identifier: MIT
 *
 * Pointers only in places that do not count: what was mapped and is gone, what the option leak_roots leaves out, memory shared with other processes' files;
 * and in places that do count although they are odd: memory that is read-only or unreadable by now, memory of brk, of mmap.
 */
// leaks: mapped | | direct=1:100 reachable=4
// leaks: mapped | leak_roots=globals,stacks,registers,tls | direct=5:410 reachable=0
// leaks: unmapped | | direct=2:180
// leaks: dropped | | direct=2:180
// leaks: globals | leak_roots=stacks,registers,tls,mappings | direct=2:180
// leaks: sparse | | direct=1:100 reachable=2
#include <sys/mman.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static char *global;

static char **map(size_t bytes)
{
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(mapped != MAP_FAILED);
	return (char **)mapped;
}

static void make(const char *what)
{
	char **place = map(1 << 20), **other = map(1 << 16), **broken;

	if (!strcmp(what, "mapped")) {
		place[1000] = keep(76);
		other[1] = keep(77);
		mprotect(other, 1 << 16, PROT_READ);
		other = (char **)sbrk(4096);
		other[3] = keep(78);
		broken = map(8 * 4096);
		mprotect(broken, 4096, PROT_NONE); /* guards on both sides */
		mprotect(broken + 7 * 512, 4096, PROT_NONE);
		broken[6 * 512] = keep(79);
	} else if (!strcmp(what, "sparse")) { /* 64 GiB that are reserved, of which two pages are used */
		place = map((size_t)64 << 30);
		place[100] = keep(81);
		place[((size_t)63 << 30) / sizeof *place] = keep(82);
	} else {
		char **lost = strcmp(what, "globals") ? place : &global;

		lost[0] = keep(80);
		if (!strcmp(what, "unmapped"))
			munmap(place, 1 << 20);
		else if (!strcmp(what, "dropped"))
			madvise(place, 1 << 20, MADV_DONTNEED);
	}
}

int main(int argc, char **argv)
{
	make(argv[1]);
	lose(100);
	say_ok();
	return 0;
}
