/* SPDX-License-Identifier: MIT
 *
 * The contract of src/os.h, kept by runtime/os_linux.c.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/os.h"
#include "tests/unit/core_fixture.h"

#define PAGES(n) ((size_t)(n)*MD_PAGE_BYTES)

static void init(void)
{
	errno = ERANGE; /* no function may change it */
}

static void fini(void)
{
	cr_expect(eq(int, errno, ERANGE));
}

TestSuite(os_linux, .init = init, .fini = fini);

static bool is_mapped(const void *addr, size_t bytes)
{
	unsigned char in_core[64];
	int saved = errno;
	bool mapped = mincore((void *)(uintptr_t)addr, bytes, in_core) == 0;

	errno = saved;
	return mapped;
}

Test(os_linux, what_is_mapped_is_zero_and_can_be_written)
{
	unsigned char *memory = md_os_map(0, PAGES(8));

	cr_assert(ne(ptr, memory, NULL));
	for (size_t i = 0; i < PAGES(8); i++)
		must(!memory[i], "byte %zu", i);
	memset(memory, 1, PAGES(8));
	md_os_unmap(memory, PAGES(8));
	cr_expect(not(is_mapped(memory, PAGES(1))));
}

Test(os_linux, a_free_hint_is_taken)
{
	char *memory = md_os_map(0, PAGES(8));

	md_os_unmap(memory, PAGES(4));
	cr_expect(eq(ptr, md_os_map((uintptr_t)memory, PAGES(4)), memory));
	cr_expect(ne(ptr, md_os_map((uintptr_t)memory, PAGES(4)), memory), "what is mapped is not replaced");
}

/* With memory for a few gigabytes malloc(16T) must fail, as it does in the C library. */
Test(os_linux, what_the_system_cannot_serve_is_refused)
{
	cr_expect(eq(ptr, md_os_map(0, (size_t)1 << 44), NULL));
	cr_expect(eq(ptr, md_os_map(0, (size_t)1 << 60), NULL));
}

Test(os_linux, dropped_pages_read_as_zero)
{
	char *memory = md_os_map(0, PAGES(3));

	memset(memory, 1, PAGES(3));
	cr_expect(md_os_drop(memory + PAGES(1), PAGES(1)));
	cr_expect(memory[PAGES(1) - 1] == 1 && memory[PAGES(1)] == 0 && memory[PAGES(2) - 1] == 0 && memory[PAGES(2)] == 1);
}

Test(os_linux, moved_pages_keep_their_contents)
{
	char *from = md_os_map(0, PAGES(4)), *to = md_os_map(0, PAGES(4));

	memset(from, 'f', PAGES(4));
	memset(to, 't', PAGES(4));
	cr_assert(md_os_move(from + PAGES(1), to, PAGES(2)));
	cr_expect(to[0] == 'f' && to[PAGES(2) - 1] == 'f' && to[PAGES(2)] == 't');
	cr_expect(not(is_mapped(from + PAGES(1), PAGES(2))));
	cr_expect(from[0] == 'f' && from[PAGES(3)] == 'f');
}

/* A source that begins with a hole is refused by every kernel, one with a hole further on by those before Linux 6.17; older ones have
 * unmapped the target by then. */
Test(os_linux, a_refused_move_leaves_the_target_mapped)
{
	char *from = md_os_map(0, PAGES(4)), *to = md_os_map(0, PAGES(4));

	memset(from, 'f', PAGES(4));
	md_os_unmap(from, PAGES(1));
	cr_assert(not(md_os_move(from, to, PAGES(4))));
	cr_expect(is_mapped(to, PAGES(4)));
	cr_expect(from[PAGES(1)] == 'f' && from[PAGES(3)] == 'f');
	memset(to, 1, PAGES(4));
}

Test(os_linux, memory_that_cannot_be_read_is_read_as_far_as_it_goes)
{
	char *memory = md_os_map(0, PAGES(2)), buffer[64];

	memset(memory, 'm', PAGES(2));
	md_os_unmap(memory + PAGES(1), PAGES(1));
	cr_expect(eq(sz, md_os_read((uintptr_t)memory + 1, buffer, 64), 64));
	cr_expect(buffer[0] == 'm' && buffer[63] == 'm');
	cr_expect(le(sz, md_os_read((uintptr_t)memory + PAGES(1) - 10, buffer, 64), 10));
	cr_expect(eq(sz, md_os_read((uintptr_t)memory + PAGES(1), buffer, 64), 0));
	cr_expect(eq(sz, md_os_read(0, buffer, 64), 0));
	cr_expect(eq(sz, md_os_read(UINTPTR_MAX - 10, buffer, 64), 0));
	cr_expect(eq(sz, md_os_read((uintptr_t)1 << 63, buffer, 1), 0));
	mprotect(memory, PAGES(1), PROT_NONE);
	cr_expect(eq(sz, md_os_read((uintptr_t)memory, buffer, 1), 0));
}

/* Stored to, given back, unreadable, not mapped; and more pages than are asked about at a time. */
Test(os_linux, pages_used_tells_what_holds_anything)
{
	enum { PAGES_ALL = 1000 };
	char *memory = md_os_map(0, PAGES(PAGES_ALL));
	unsigned char used[PAGES_ALL];

	cr_assert(memory != NULL);
	madvise(memory, PAGES(PAGES_ALL), MADV_NOHUGEPAGE); /* a store fills a page, not two megabytes */
	memory[PAGES(1) + 5] = 1;
	memory[PAGES(2)] = 1;
	memory[PAGES(3)] = 1;
	memory[PAGES(700)] = 1;
	md_os_drop(memory + PAGES(2), PAGES(1));
	cr_assert(mprotect(memory + PAGES(3), PAGES(1), PROT_NONE) == 0);
	md_os_unmap(memory + PAGES(999), PAGES(1));
	cr_assert(md_os_pages_used((uintptr_t)memory, PAGES_ALL, used));
	for (size_t i = 0; i < PAGES_ALL; i++)
		if (used[i] != (i == 1 || i == 3 || i == 700))
			cr_fatal("page %zu: %d", i, used[i]);
	/* From the middle of a page on */
	cr_assert(md_os_pages_used((uintptr_t)memory + PAGES(1) + 100, 2, used));
	cr_expect(eq(int, used[0], 1));
	cr_expect(eq(int, used[1], 0));
}

Test(os_linux, pages_used_are_found_in_a_reservation_of_terabytes)
{
	size_t bytes = (size_t)16 << 40;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t begin = (uintptr_t)memory, end = begin + bytes, used_begin, used_end;

	cr_assert(memory != MAP_FAILED);
	if (!md_os_pages_used_next(begin, end, &used_begin, &used_end)) {
		fprintf(stderr, "not tested: before Linux 6.7 the system cannot find used pages\n");
		return;
	}
	cr_expect(used_begin == end && used_end == end);
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memory[PAGES(1000000) + 5] = 1;
	memory[PAGES(1000001)] = 1;
	memory[bytes - 1] = 1;
	cr_assert(md_os_pages_used_next(begin, end, &used_begin, &used_end));
	cr_expect(used_begin == begin + PAGES(1000000) && used_end == begin + PAGES(1000002));
	cr_assert(md_os_pages_used_next(begin + PAGES(1000000) + 8, end, &used_begin, &used_end)); /* from the middle of a page on */
	cr_expect(used_begin == begin + PAGES(1000000) + 8 && used_end == begin + PAGES(1000002));
	cr_assert(md_os_pages_used_next(used_end, end, &used_begin, &used_end));
	cr_expect(used_begin == end - PAGES(1) && used_end == end);
	munmap(memory, bytes);
}

static _Atomic uint32_t word;

static void *wake_when_waited_for(void *unused)
{
	(void)unused;
	usleep(20000);
	atomic_store(&word, 2);
	md_os_wake(&word);
	return NULL;
}

Test(os_linux, wait_ends_when_the_word_changed_or_somebody_wakes, .timeout = 20)
{
	pthread_t thread;

	md_os_wait(&word, 1); /* it is 0: no waiting */
	pthread_create(&thread, NULL, wake_when_waited_for, NULL);
	while (atomic_load(&word) == 0)
		md_os_wait(&word, 0);
	pthread_join(thread, NULL);
	cr_expect(eq(uint, atomic_load(&word), 2));
}

Test(os_linux, identity_time_and_chance)
{
	uint64_t first = md_os_nanoseconds(), one = 0, other = 0;

	cr_expect(eq(uint, md_os_thread(), (unsigned)gettid()));
	while (md_os_nanoseconds() == first)
		;
	cr_expect(gt(u64, md_os_nanoseconds(), first));
	md_os_random(&one, sizeof one);
	md_os_random(&other, sizeof other);
	cr_expect(one != other && one && other);
}

Test(os_linux, a_child_sees_that_it_was_forked)
{
	_Atomic uint32_t *mark = md_os_fork_mark();
	int status;

	cr_assert(ne(ptr, (void *)mark, NULL), "this kernel has no MADV_WIPEONFORK (Linux 4.14)");
	cr_expect(eq(ptr, (void *)md_os_fork_mark(), (void *)mark));
	cr_assert(eq(uint, atomic_load(mark), 1));
	pid_t pid = fork();

	if (pid == 0)
		_exit(md_os_fork_mark() == mark && atomic_load(mark) == 0 ? 0 : 1);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_expect(eq(int, status, 0));
	cr_expect(eq(uint, atomic_load(mark), 1));
}

Test(os_linux, die_ends_by_abort, .signal = SIGABRT)
{
	md_os_die("the end, as expected\n");
}
