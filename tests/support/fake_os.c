/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_os.h"

#include "src/os.h"

struct fake_os fake_os;

/* ld --wrap gives the real functions and ours these names. */
void *__real_md_os_map(uintptr_t hint, size_t bytes);
void __real_md_os_unmap(void *addr, size_t bytes);
bool __real_md_os_drop(void *addr, size_t bytes);
bool __real_md_os_move(void *from, void *to, size_t bytes);
bool __real_md_os_guard_install(void *addr, size_t bytes);
bool __real_md_os_guard_remove(void *addr, size_t bytes);
uint32_t __real_md_os_guard_ranges_max(void);
size_t __real_md_os_address_space(void);
void *__wrap_md_os_map(uintptr_t hint, size_t bytes);
void __wrap_md_os_unmap(void *addr, size_t bytes);
bool __wrap_md_os_drop(void *addr, size_t bytes);
bool __wrap_md_os_move(void *from, void *to, size_t bytes);
bool __wrap_md_os_guard_install(void *addr, size_t bytes);
bool __wrap_md_os_guard_remove(void *addr, size_t bytes);
uint32_t __wrap_md_os_guard_ranges_max(void);
size_t __wrap_md_os_address_space(void);

static void demand_pages(uintptr_t addr, size_t bytes)
{
	if (!bytes || addr % MD_PAGE_BYTES || bytes % MD_PAGE_BYTES)
		md_os_die("fake_os: the range is not whole pages\n");
}

static void refuse(const _Atomic uint64_t *calls, _Atomic uint64_t *refuse_from, _Atomic uint64_t *refuse_until, uint64_t nth, uint64_t count)
{
	uint64_t from = atomic_load(calls) + nth;

	atomic_store(refuse_until, count > UINT64_MAX - from ? UINT64_MAX : from + count);
	atomic_store(refuse_from, from);
}

void fake_os_refuse_maps(uint64_t nth, uint64_t count)
{
	refuse(&fake_os.maps, &fake_os.refuse_from, &fake_os.refuse_until, nth, count);
}

void fake_os_refuse_installs(uint64_t nth, uint64_t count)
{
	refuse(&fake_os.guard_installs, &fake_os.refuse_install_from, &fake_os.refuse_install_until, nth, count);
}

void fake_os_refuse_removes(uint64_t nth, uint64_t count)
{
	refuse(&fake_os.guard_removes, &fake_os.refuse_remove_from, &fake_os.refuse_remove_until, nth, count);
}

void fake_os_allow_all(void)
{
	atomic_store(&fake_os.refuse_from, 0);
	atomic_store(&fake_os.refuse_until, 0);
	atomic_store(&fake_os.mapped_bytes_max, 0);
	atomic_store(&fake_os.refuse_drop, false);
	atomic_store(&fake_os.refuse_move, false);
	atomic_store(&fake_os.refuse_install_from, 0);
	atomic_store(&fake_os.refuse_install_until, 0);
	atomic_store(&fake_os.refuse_remove_from, 0);
	atomic_store(&fake_os.refuse_remove_until, 0);
	atomic_store(&fake_os.guard_ranges_max, 0);
	atomic_store(&fake_os.no_guards, false);
	atomic_store(&fake_os.address_space, 0);
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

bool __wrap_md_os_guard_install(void *addr, size_t bytes)
{
	uint64_t number = atomic_fetch_add(&fake_os.guard_installs, 1) + 1;

	demand_pages((uintptr_t)addr, bytes);
	if (number >= atomic_load(&fake_os.refuse_install_from) && number < atomic_load(&fake_os.refuse_install_until))
		return false;
	return __real_md_os_guard_install(addr, bytes);
}

bool __wrap_md_os_guard_remove(void *addr, size_t bytes)
{
	uint64_t number = atomic_fetch_add(&fake_os.guard_removes, 1) + 1;

	demand_pages((uintptr_t)addr, bytes);
	if (number >= atomic_load(&fake_os.refuse_remove_from) && number < atomic_load(&fake_os.refuse_remove_until))
		return false;
	return __real_md_os_guard_remove(addr, bytes);
}

uint32_t __wrap_md_os_guard_ranges_max(void)
{
	if (atomic_load(&fake_os.no_guards))
		return 0;
	return atomic_load(&fake_os.guard_ranges_max) ? atomic_load(&fake_os.guard_ranges_max) : __real_md_os_guard_ranges_max();
}

size_t __wrap_md_os_address_space(void)
{
	return atomic_load(&fake_os.address_space) ? atomic_load(&fake_os.address_space) : __real_md_os_address_space();
}
