/* SPDX-License-Identifier: MIT */
#include "runtime/foreign.h"

#include <string.h>
#include <unistd.h>

#include "runtime/boot.h"
#include "runtime/entry.h"
#include "runtime/threads.h"
#include "runtime/unwind.h"
#include "runtime/world.h"
#include "src/os.h"

/* --- the C library's own blocks ------------------------------------------ */

#define CHUNK_PREVIOUS_IN_USE 1u
#define CHUNK_MAPPED 2u
#define CHUNK_OTHER_ARENA 4u
#define ARENA_BYTES ((uintptr_t)64 << 20) /* HEAP_MAX_SIZE on 64-bit systems */

/* Between the program break at our start and now: mapped for certain, so read without asking the system. sbrk(0) makes no call. */
static bool is_below_break(uintptr_t addr)
{
	return addr >= md_process.brk_at_start && addr <= (uintptr_t)sbrk(0);
}

/* The sizes that glibc's malloc keeps before a block, if they can be read. */
static bool read_chunk(uintptr_t user, size_t header[2])
{
	if (user % 16 || user <= 4096)
		return false;
	if (is_below_break(user - 16) && is_below_break(user)) {
		memcpy(header, (const void *)(user - 16), 16);
		return true;
	}
	return md_os_read(user - 16, header, 16) == 16;
}

/* Whether a pointer may be a block of the C library's heap: handed out by a module that is bound to it past us (RTLD_DEEPBIND, dlmopen), or by
 * its internal __libc_ functions. Looks at glibc's chunk header (malloc/malloc.c: boundary tags) and the header of the chunk after it. */
static bool is_libc_block(uintptr_t user)
{
	size_t header[2], next[2];

	if (!md_process.next.free || !read_chunk(user, header))
		return false;
	size_t bytes = header[1] & ~(size_t)7;

	if (bytes < 32 || bytes % 16 || bytes > (size_t)1 << 46)
		return false;
	if (header[1] & CHUNK_MAPPED) {
		uintptr_t mapped = user - 16 - header[0];

		return !(header[1] & CHUNK_PREVIOUS_IN_USE) && mapped % 4096 == 0 && (header[0] + bytes) % 4096 == 0;
	}
	if (!read_chunk(user + bytes, next) || !(next[1] & CHUNK_PREVIOUS_IN_USE))
		return false;
	if (header[1] & CHUNK_OTHER_ARENA) {
		uintptr_t heap = user & ~(ARENA_BYTES - 1), arena;

		return md_os_read(heap, &arena, sizeof arena) == sizeof arena && arena && arena % 8 == 0 &&
			md_os_read(arena, header, 16) == 16;
	}
	return is_below_break(user);
}

/* --- without a thread struct --------------------------------------------- */

/* Threads whose destructors have all run, and threads for which there was no memory: they share one struct, one at a time. */
static struct md_lock orphan_lock = { .rank = MD_LOCK_ORPHANS };
static struct md_thread *orphans;

struct md_lock *md_foreign_orphan_lock(void)
{
	return &orphan_lock;
}

static struct md_thread *orphan_begin(void)
{
	md_lock_take(&orphan_lock);
	if (!orphans)
		orphans = md_heap_thread_begin(&md_process.heap, 0);
	if (!orphans) {
		md_lock_release(&orphan_lock);
		return NULL;
	}
	orphans->busy = true;
	md_thread_aside = true;
	return orphans;
}

static void orphan_end(struct md_thread *thread)
{
	if (thread->attended)
		md_entry_attend(thread);
	thread->busy = false;
	md_lock_release(&orphan_lock);
	md_thread_aside = false;
	md_world_attend();
}

/* In the heap's mode, a thread that has no struct although it is not inside one of our calls. */
static bool is_orphan(void)
{
	return md_mode_is(MD_MODE_ACTIVE) && !md_self && !md_thread_aside;
}

static void *next_allocate(enum md_api api, size_t size, size_t alignment, bool zero)
{
	const struct md_next *next = &md_process.next;

	if (alignment > 16 && next->memalign) {
		(void)api;
		return next->memalign(alignment, size);
	}
	if (zero && next->calloc)
		return next->calloc(1, size);
	return next->malloc ? next->malloc(size) : md_boot_allocate(size, alignment);
}

void *md_foreign_allocate(enum md_api api, size_t size, size_t alignment, bool zero)
{
	if (md_mode_is(MD_MODE_PASS))
		return next_allocate(api, size, alignment, zero);
	if (is_orphan()) {
		struct md_thread *thread = orphan_begin();
		struct md_call call = { .api = api, .size = size };
		void *user = thread ? md_heap_allocate(&md_process.heap, thread, size, alignment, zero, &call) : NULL;

		if (thread)
			orphan_end(thread);
		return user;
	}
	return md_boot_allocate(size, alignment);
}

void md_foreign_free_unattended(void *user, enum md_api api, size_t size, size_t alignment)
{
	struct md_call call = { .api = api, .size = size, .alignment = alignment };

	if (md_boot_owns(user))
		return;
	if (md_mode_is(MD_MODE_PASS)) {
		if (md_process.next.free)
			md_process.next.free(user);
		return;
	}
	struct md_thread *self = md_self;

	if (self) { /* inside one of our calls: at its end. What is more than the list holds stays allocated. */
		if (self->deferred_count < sizeof self->deferred / sizeof self->deferred[0]) {
			self->deferred[self->deferred_count].user = (uintptr_t)user;
			self->deferred[self->deferred_count].call = call;
			self->deferred_count++;
			self->attended = true;
		}
		return;
	}
	if (is_orphan() && (self = orphan_begin())) {
		if (md_heap_free(&md_process.heap, self, user, &call) == MD_FREED_FOREIGN)
			md_foreign_free(self, user, &call);
		orphan_end(self);
	}
}

size_t md_foreign_size_unattended(void *user)
{
	struct md_zone *zone;
	struct md_record *record;

	if (md_boot_owns(user))
		return md_boot_size(user);
	record = md_mode_is(MD_MODE_ACTIVE) ? md_heap_live_block(&md_process.heap, (uintptr_t)user, &zone) : NULL;
	if (record)
		return md_record_size(zone, record);
	return md_process.next.malloc_usable_size ? md_process.next.malloc_usable_size(user) : 0;
}

void *md_foreign_resize_unattended(void *user, size_t size, enum md_api api)
{
	if (!md_boot_owns(user) && md_mode_is(MD_MODE_PASS))
		return md_process.next.realloc ? md_process.next.realloc(user, size) : NULL;
	size_t old = md_foreign_size_unattended(user);
	void *moved = md_foreign_allocate(api, size, 16, false);

	if (!moved)
		return NULL;
	memcpy(moved, user, old < size ? old : size);
	md_foreign_free_unattended(user, MD_API_REALLOC_FREE, 0, 0);
	return moved;
}

/* --- with one ------------------------------------------------------------ */

static void condemn(struct md_thread *self, void *user, const struct md_call *call)
{
	struct md_finding *finding = md_findings_add(&self->findings);

	self->attended = true;
	if (!finding)
		return;
	finding->error = call->api == MD_API_USABLE_SIZE ? MD_ERROR_BAD_USABLE_SIZE : MD_ERROR_BAD_FREE;
	finding->noticed = MD_NOTICED_AT_CALL;
	finding->addr = (uintptr_t)user;
	finding->call = *call;
	finding->thread = self->id;
}

void md_foreign_free(struct md_thread *self, void *user, const struct md_call *call)
{
	if (md_boot_owns(user))
		return;
	if (is_libc_block((uintptr_t)user)) {
		md_process.next.free(user);
		return;
	}
	condemn(self, user, call);
}

bool md_foreign_resize(struct md_thread *self, void *user, size_t size, const struct md_call *call, void **result)
{
	struct md_call free_call = { .api = MD_API_REALLOC_FREE, .stack = call->stack };

	if (md_boot_owns(user)) {
		size_t old = md_boot_size(user);

		*result = md_heap_allocate(&md_process.heap, self, size, MD_ALIGNMENT, false, call);
		if (*result)
			memcpy(*result, user, old < size ? old : size);
		return true;
	}
	if (is_libc_block((uintptr_t)user) && md_process.next.realloc) {
		*result = md_process.next.realloc(user, size);
		return true;
	}
	condemn(self, user, &free_call);
	return false;
}

size_t md_foreign_usable_size(struct md_thread *self, void *user, const struct md_call *call)
{
	if (md_boot_owns(user))
		return md_boot_size(user);
	if (is_libc_block((uintptr_t)user) && md_process.next.malloc_usable_size)
		return md_process.next.malloc_usable_size(user);
	condemn(self, user, call);
	return 0;
}
