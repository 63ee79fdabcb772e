/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_os.h"

#include "src/os.h"

struct fake_os fake_os;

/* ld --wrap gives the real functions and ours these names. */
void *__real_md_os_map(uintptr_t hint, size_t bytes);
void __real_md_os_unmap(void *addr, size_t bytes);
bool __real_md_os_drop(void *addr, size_t bytes);
bool __real_md_os_move(void *from, void *to, size_t bytes);
void *__wrap_md_os_map(uintptr_t hint, size_t bytes);
void __wrap_md_os_unmap(void *addr, size_t bytes);
bool __wrap_md_os_drop(void *addr, size_t bytes);
bool __wrap_md_os_move(void *from, void *to, size_t bytes);

static void demand_pages(uintptr_t addr, size_t bytes)
{
	if (!bytes || addr % MD_PAGE_BYTES || bytes % MD_PAGE_BYTES)
		md_os_die("fake_os: the range is not whole pages\n");
}

void fake_os_refuse_maps(uint64_t nth, uint64_t count)
{
	uint64_t from = atomic_load(&fake_os.maps) + nth;

	atomic_store(&fake_os.refuse_until, count > UINT64_MAX - from ? UINT64_MAX : from + count);
	atomic_store(&fake_os.refuse_from, from);
}

void fake_os_allow_all(void)
{
	atomic_store(&fake_os.refuse_from, 0);
	atomic_store(&fake_os.refuse_until, 0);
	atomic_store(&fake_os.mapped_bytes_max, 0);
	atomic_store(&fake_os.refuse_drop, false);
	atomic_store(&fake_os.refuse_move, false);
}

void *__wrap_md_os_map(uintptr_t hint, size_t bytes)
{
	uint64_t number = atomic_fetch_add(&fake_os.maps, 1) + 1;
	size_t limit = atomic_load(&fake_os.mapped_bytes_max);

	if (!bytes)
		md_os_die("fake_os: a mapping of nothing\n");
	if (number >= atomic_load(&fake_os.refuse_from) && number < atomic_load(&fake_os.refuse_until))
		return NULL;
	if (limit && (bytes > limit || atomic_load(&fake_os.mapped_bytes) > limit - bytes))
		return NULL;
	void *result = __real_md_os_map(hint, bytes);

	if (result)
		atomic_fetch_add(&fake_os.mapped_bytes, bytes);
	return result;
}

void __wrap_md_os_unmap(void *addr, size_t bytes)
{
	demand_pages((uintptr_t)addr, bytes);
	atomic_fetch_add(&fake_os.unmaps, 1);
	atomic_fetch_sub(&fake_os.mapped_bytes, bytes);
	__real_md_os_unmap(addr, bytes);
}

bool __wrap_md_os_drop(void *addr, size_t bytes)
{
	demand_pages((uintptr_t)addr, bytes);
	atomic_fetch_add(&fake_os.drops, 1);
	return !atomic_load(&fake_os.refuse_drop) && __real_md_os_drop(addr, bytes);
}

bool __wrap_md_os_move(void *from, void *to, size_t bytes)
{
	demand_pages((uintptr_t)from, bytes);
	demand_pages((uintptr_t)to, bytes);
	atomic_fetch_add(&fake_os.moves, 1);
	if (atomic_load(&fake_os.refuse_move) || !__real_md_os_move(from, to, bytes))
		return false;
	atomic_fetch_sub(&fake_os.mapped_bytes, bytes);
	return true;
}
