/* SPDX-License-Identifier: MIT
 *
 * Linux: keeps the contract of src/os.h with raw system calls, so that nothing here touches errno, is a cancellation point, or can be
 * interposed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "src/clock.h"
#include "src/os.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

_Atomic bool md_restricted;

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Not MAP_NORESERVE: a request that the system could never serve is then refused at once, as malloc of the C library is. */
static long map(uintptr_t addr, size_t bytes, long flags)
{
	return md_syscall6(SYS_mmap, (long)addr, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

void *md_os_map(uintptr_t hint, size_t bytes)
{
	long result = map(hint, bytes, 0);

	return md_syscall_failed(result) ? NULL : (void *)result;
}

void md_os_unmap(void *addr, size_t bytes)
{
	md_syscall2(SYS_munmap, (long)addr, (long)bytes);
}

void md_os_populate(void *addr, size_t bytes)
{
	if (!md_is_restricted())
		md_syscall3(SYS_madvise, (long)addr, (long)bytes, MADV_POPULATE_WRITE);
}

bool md_os_drop(void *addr, size_t bytes)
{
	return md_syscall3(SYS_madvise, (long)addr, (long)bytes, MADV_DONTNEED) == 0;
}

bool md_os_move(void *from, void *to, size_t bytes)
{
	if (md_syscall5(SYS_mremap, (long)from, (long)bytes, (long)bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (long)to) == (long)to)
		return true;
	/* Before Linux 6.17 the target is unmapped first, and then the call may be refused: where the source consists of several mappings,
	 * for one. */
	long again = map((uintptr_t)to, bytes, MAP_FIXED_NOREPLACE);

	if (!md_syscall_failed(again) && again != (long)to) /* a kernel that takes the flag for a hint: the target was not unmapped */
		md_os_unmap((void *)again, bytes);
	return false;
}

/* --- inaccessible ranges -------------------------------------------------- */

/* Markers in the page tables (Linux 6.13) or protection. The second splits mappings, of which the system has a limited number. */
enum guard_way { GUARD_UNKNOWN, GUARD_BY_MARKERS, GUARD_BY_PROTECTION, GUARD_IMPOSSIBLE };

static _Atomic int guard_way;

/* Once, on a page of our own. */
static enum guard_way probe_guards(void)
{
	char *page = md_os_map(0, MD_PAGE_BYTES);
	enum guard_way way = GUARD_IMPOSSIBLE;

	if (!page)
		return GUARD_IMPOSSIBLE;
	if (md_syscall3(SYS_madvise, (long)page, MD_PAGE_BYTES, MADV_GUARD_INSTALL) == 0 &&
		md_syscall3(SYS_madvise, (long)page, MD_PAGE_BYTES, MADV_GUARD_REMOVE) == 0)
		way = GUARD_BY_MARKERS;
	else if (getauxval(AT_PAGESZ) == MD_PAGE_BYTES && md_syscall3(SYS_mprotect, (long)page, MD_PAGE_BYTES, PROT_NONE) == 0)
		way = GUARD_BY_PROTECTION;
	md_os_unmap(page, MD_PAGE_BYTES);
	return way;
}

static enum guard_way way_to_guard(void)
{
	int way = atomic_load_explicit(&guard_way, memory_order_relaxed);

	if (__builtin_expect(way == GUARD_UNKNOWN, 0)) {
		way = md_is_restricted() ? GUARD_IMPOSSIBLE : probe_guards();
		atomic_store_explicit(&guard_way, way, memory_order_relaxed);
	}
	return (enum guard_way)way;
}

bool md_os_guard_install(void *addr, size_t bytes)
{
	if (md_is_restricted()) /* filters look at the advice, and kill */
		return false;
	switch (way_to_guard()) {
	case GUARD_BY_MARKERS:
		return md_syscall3(SYS_madvise, (long)addr, (long)bytes, MADV_GUARD_INSTALL) == 0;
	case GUARD_BY_PROTECTION:
		if (!md_os_drop(addr, bytes)) /* locked: its pages would stay */
			return false;
		return md_syscall3(SYS_mprotect, (long)addr, (long)bytes, PROT_NONE) == 0;
	default:
		return false;
	}
}

bool md_os_guard_remove(void *addr, size_t bytes)
{
	if (md_is_restricted())
		return false;
	switch (way_to_guard()) {
	case GUARD_BY_MARKERS:
		return md_syscall3(SYS_madvise, (long)addr, (long)bytes, MADV_GUARD_REMOVE) == 0;
	case GUARD_BY_PROTECTION:
		return md_syscall3(SYS_mprotect, (long)addr, (long)bytes, PROT_READ | PROT_WRITE) == 0;
	default:
		return false;
	}
}

#define MAPPINGS_MAX_USUAL 65530 /* vm.max_map_count, where it cannot be read */

/* A quarter of the mappings that the process may have, two for each range: the program wants some too. */
static uint32_t ranges_by_protection(void)
{
	char digits[16];
	uint32_t mappings = 0;
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC, 0);
	long got = md_syscall_failed(fd) ? 0 : md_syscall3(SYS_read, fd, (long)digits, sizeof digits);

	if (!md_syscall_failed(fd))
		md_syscall1(SYS_close, fd);
	for (long i = 0; i < got && digits[i] >= '0' && digits[i] <= '9' && mappings < 100000000; i++)
		mappings = mappings * 10 + (uint32_t)(digits[i] - '0');
	return (mappings ? mappings : MAPPINGS_MAX_USUAL) / 8;
}

uint32_t md_os_guard_ranges_max(void)
{
	switch (way_to_guard()) {
	case GUARD_BY_MARKERS:
		return UINT32_MAX;
	case GUARD_BY_PROTECTION:
		return ranges_by_protection();
	default:
		return 0;
	}
}

size_t md_os_address_space(void)
{
	size_t least = SIZE_MAX;
	static const int kinds[] = { RLIMIT_AS, RLIMIT_DATA };

	if (md_is_restricted())
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct rlimit limit;

		if (md_syscall4(SYS_prlimit64, 0, kinds[i], 0, (long)&limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < least)
			least = limit.rlim_cur;
	}
	return least;
}

/* --- reading -------------------------------------------------------------- */

/* Where process_vm_readv is refused (a filter that containers put around us). */
static size_t read_through_file(uintptr_t addr, void *buffer, size_t bytes)
{
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/mem", O_RDONLY | O_CLOEXEC, 0);

	if (md_syscall_failed(fd))
		return 0;
	long result = md_syscall4(SYS_pread64, fd, (long)buffer, (long)bytes, (long)addr);

	md_syscall1(SYS_close, fd);
	return result < 0 ? 0 : (size_t)result;
}

size_t md_os_read(uintptr_t addr, void *buffer, size_t bytes)
{
	if (md_is_restricted())
		return 0;
	struct iovec ours = { .iov_base = buffer, .iov_len = bytes }, theirs = { .iov_base = (void *)addr, .iov_len = bytes };
	/* By the thread's number, for the process's own ends with its first thread. */
	long result = md_syscall6(SYS_process_vm_readv, md_syscall0(SYS_gettid), (long)&ours, 1, (long)&theirs, 1, 0);

	if (result == -EPERM || result == -ENOSYS)
		return read_through_file(addr, buffer, bytes);
	return result < 0 ? 0 : (size_t)result;
}

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)

/* Not mincore: to that one a page that is swapped out is not there. */
bool md_os_pages_used(uintptr_t addr, size_t pages, unsigned char *used)
{
	uint64_t entries[256];
	size_t done = 0, granule = getauxval(AT_PAGESZ);

	if (md_is_restricted() || !granule)
		return false;
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC, 0);

	if (md_syscall_failed(fd))
		return false;
	while (done < pages) {
		uintptr_t first = (addr + done * MD_PAGE_BYTES) / granule, last = (addr + (pages - 1) * MD_PAGE_BYTES) / granule;
		size_t want = last - first + 1 < sizeof entries / sizeof *entries ? last - first + 1 : sizeof entries / sizeof *entries;
		long got = md_syscall4(SYS_pread64, fd, (long)entries, (long)(want * sizeof *entries), (long)(first * sizeof *entries));

		if (got < (long)sizeof *entries)
			break;
		for (size_t count = (size_t)got / sizeof *entries; done < pages; done++) {
			size_t i = (addr + done * MD_PAGE_BYTES) / granule - first;

			if (i >= count)
				break;
			used[done] = (entries[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != 0;
		}
	}
	md_syscall1(SYS_close, fd);
	return done == pages;
}

/* From linux/fs.h, where it is new enough: PAGEMAP_SCAN. */
struct scan_range {
	uint64_t begin, end, categories;
};

struct scan {
	uint64_t size, flags, begin, end, walked_to, ranges, ranges_max, pages_max, inverted, all_of, any_of, told;
};

#define SCAN_REQUEST 0xc0606610
#define SCAN_PRESENT (1u << 3)
#define SCAN_SWAPPED (1u << 4)

bool md_os_pages_used_next(uintptr_t addr, uintptr_t end, uintptr_t *used_begin, uintptr_t *used_end)
{
	struct scan_range range;
	struct scan scan = { .size = sizeof scan, .begin = addr & ~(uint64_t)(MD_PAGE_BYTES - 1), .end = end, .ranges = (uintptr_t)&range, .ranges_max = 1,
		.any_of = SCAN_PRESENT | SCAN_SWAPPED, .told = SCAN_PRESENT | SCAN_SWAPPED };

	if (md_is_restricted())
		return false;
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC, 0);

	if (md_syscall_failed(fd))
		return false;
	long found = md_syscall3(SYS_ioctl, fd, SCAN_REQUEST, (long)&scan);

	md_syscall1(SYS_close, fd);
	if (found < 0)
		return false;
	*used_begin = !found ? end : range.begin > addr ? range.begin : addr;
	*used_end = !found ? end : range.end < end ? range.end : end;
	return true;
}

void md_os_wait(_Atomic uint32_t *word, uint32_t expected)
{
	md_syscall6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)expected, 0, 0, 0);
}

void md_os_wake(_Atomic uint32_t *word)
{
	md_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

uint32_t md_os_thread(void)
{
	return (uint32_t)md_syscall0(SYS_gettid);
}

uint64_t md_os_nanoseconds(void)
{
	struct timespec now = { 0 };

	md_syscall2(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void md_os_random(void *buffer, size_t bytes)
{
	unsigned char *out = buffer;

	if (md_syscall3(SYS_getrandom, (long)buffer, (long)bytes, 1 /* GRND_NONBLOCK */) == (long)bytes)
		return;
	uint64_t mixed = md_clock_now() ^ (uintptr_t)&mixed ^ md_os_nanoseconds();

	for (size_t i = 0; i < bytes; i++) {
		mixed = (mixed ^ mixed >> 31) * 0x9e3779b97f4a7c15ull;
		out[i] = (unsigned char)(mixed >> 56);
	}
}

_Atomic uint32_t *md_os_fork_mark(void)
{
	static _Atomic(_Atomic uint32_t *) mark;
	static _Atomic uint32_t refused;
	_Atomic uint32_t *page = atomic_load(&mark), *none = NULL;

	if (page || atomic_load(&refused))
		return page;
	page = md_os_map(0, MD_PAGE_BYTES);
	if (!page)
		return NULL;
	if (md_syscall3(SYS_madvise, (long)page, MD_PAGE_BYTES, MADV_WIPEONFORK) != 0) {
		atomic_store(&refused, 1);
		md_os_unmap(page, MD_PAGE_BYTES);
		return NULL;
	}
	atomic_store(page, 1);
	if (!atomic_compare_exchange_strong(&mark, &none, page)) {
		md_os_unmap(page, MD_PAGE_BYTES);
		return none;
	}
	return page;
}

void md_os_die(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	md_syscall3(SYS_write, 2, (long)text, (long)length);
	md_syscall2(SYS_kill, md_syscall0(SYS_getpid), 6 /* SIGABRT */);
	md_syscall1(SYS_exit_group, 134);
	__builtin_unreachable();
}
