/* SPDX-License-Identifier: MIT */
#include "src/heap.h"

#include <string.h>

#include "src/check.h"
#include "src/clock.h"
#include "src/guard.h"
#include "src/heap_inside.h"
#include "src/inspect.h"
#include "src/os.h"
#include "src/params.h"
#include "src/pattern.h"
#include "src/watch_ask.h"

#define QUARANTINE_BYTES_MIN ((size_t)256 << 10) /* near the size of a second-level cache: holding back more makes every malloc a miss */
#define QUARANTINE_THREAD_MIN ((size_t)32 << 10)
#define CLOSED_CHARGE ((size_t)512)         /* of a closed block, which holds no memory: its address space, and what was kept of it */
#define CACHE_SLOTS_LEAST 4                 /* capacity of a thread's smallest cache, see heap_threads.c */
#define DROP_BYTES_MIN ((size_t)128 << 10)  /* freed blocks above it keep only their filled pages */

bool md_heap_init(struct md_heap *heap, const struct md_heap_config *config)
{
	heap->config = *config;
	heap->config.redzone = (config->redzone + 15) & ~(size_t)15;
	if (heap->config.redzone < MD_REDZONE_BYTES)
		heap->config.redzone = MD_REDZONE_BYTES;
	md_os_random(&heap->secret, sizeof heap->secret);
	md_arena_init(&heap->arena);
	md_runs_init(&heap->runs, &heap->map, &heap->arena);
	md_zones_init(&heap->zones, &heap->runs, &heap->arena, heap->secret, heap->config.redzone);
	md_modules_init(&heap->modules);
	md_lock_init(&heap->threads_lock, MD_LOCK_THREADS);
	md_lock_init(&heap->check_lock, MD_LOCK_CHECK);
	heap->stacks = md_stack_store_create(&heap->arena);
	heap->thread_infos = md_os_map(0, MD_THREAD_INFOS_MAX * sizeof *heap->thread_infos);
	md_guard_init(heap);
	return heap->stacks && heap->thread_infos;
}

/* --- caches ------------------------------------------------------------- */

/* What may be held back by one thread now: a share of an eighth of the heap, so that small programs stay in their caches. */
static void set_quarantine_limit(const struct md_heap *heap, struct md_thread *thread)
{
	size_t total = heap->config.quarantine;
	uint32_t threads = atomic_load_explicit(&heap->threads_live, memory_order_relaxed);

	if (!heap->config.quarantine_fixed) {
		size_t scaled = atomic_load_explicit(&heap->runs.used_bytes, memory_order_relaxed) / 8;
		size_t guarded = atomic_load_explicit(&heap->zones.guarded_bytes, memory_order_relaxed) / 8; /* address space, little of it memory */

		scaled = scaled > guarded ? scaled - guarded : 0;

		if (scaled < QUARANTINE_BYTES_MIN)
			scaled = QUARANTINE_BYTES_MIN;
		if (total > scaled)
			total = scaled;
	}
	size_t share = threads > 1 ? total / threads : total;

	if (share < QUARANTINE_THREAD_MIN && !heap->config.quarantine_fixed)
		share = total < QUARANTINE_THREAD_MIN ? total : QUARANTINE_THREAD_MIN;
	thread->quarantine.limit_bytes = share;
}

static struct md_cache *refill(struct md_heap *heap, struct md_thread *thread, unsigned class_index)
{
	struct md_cache *cache = &thread->caches[class_index];

	set_quarantine_limit(heap, thread);
	cache->count = (uint16_t)md_zones_take_slots(&heap->zones, class_index, cache->slots, (cache->capacity + 1u) / 2);
	for (unsigned i = 0; i < cache->count / 2u; i++) { /* lowest address out first */
		struct md_slot slot = cache->slots[i];

		cache->slots[i] = cache->slots[cache->count - 1 - i];
		cache->slots[cache->count - 1 - i] = slot;
	}
	return cache->count ? cache : NULL;
}

static void cache_put(struct md_heap *heap, struct md_thread *thread, unsigned class_index, uintptr_t slot_begin, struct md_record *record)
{
	struct md_cache *cache = &thread->caches[class_index];

	if (unlikely(cache->count == cache->capacity)) { /* the older half goes, the warm one stays */
		unsigned half = (cache->count + 1u) / 2;

		md_zones_give_slots(&heap->zones, class_index, cache->slots, half, false);
		cache->count -= half;
		memmove(cache->slots, cache->slots + half, cache->count * sizeof cache->slots[0]);
	}
	cache->slots[cache->count++] = (struct md_slot){ slot_begin, record };
}

/* --- allocating --------------------------------------------------------- */

/* Before a request fails, what this thread holds back is given up: its quarantine, its caches, and what is free already. */
static void give_up_held(struct md_heap *heap, struct md_thread *thread)
{
	md_heap_purge_thread(heap, thread, false);
	md_zones_release_empty(&heap->zones);
	md_runs_trim(&heap->runs, 0);
}

static struct md_zone *take_large(
	struct md_heap *heap, struct md_thread *thread, const struct md_large_layout *layout, size_t alignment, bool *fresh)
{
	struct md_zone *zone = md_zones_take_large(&heap->zones, layout, alignment, fresh);

	if (!zone) {
		give_up_held(heap, thread);
		zone = md_zones_take_large(&heap->zones, layout, alignment, fresh);
	}
	return zone;
}

static void *allocate_large(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	struct md_large_layout layout;
	struct md_zone *zone = NULL;
	bool fresh;
	enum md_guard_reason reason = md_guard_decide_large(heap, thread, call->stack, size);

	if (reason != MD_GUARD_NOT && md_layout_large_guarded(size, alignment, &layout))
		zone = md_zones_take_large(&heap->zones, &layout, alignment, &fresh);
	if (!zone) {
		reason = MD_GUARD_NOT;
		if (!md_layout_large(size, alignment, heap->config.redzone, &layout) ||
			!(zone = take_large(heap, thread, &layout, alignment, &fresh)))
			return md_heap_fail(heap, thread, MD_ERROR_OUT_OF_MEMORY, call);
	}
	set_quarantine_limit(heap, thread);
	zone->large_size = size;
	zone->large_record.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	if (zero && !fresh && (size < DROP_BYTES_MIN || !md_os_drop((void *)zone->begin, layout.end)))
		memset((void *)zone->large_user, 0, size);
	md_pattern_paint(heap->secret, zone->large_begin, zone->large_user);
	md_pattern_paint(heap->secret, zone->large_user + size, zone->large_end);
	if (!zero)
		md_heap_fill_new(heap, zone->large_user, size);
	md_guard_large(heap, zone, reason);
	md_heap_note_alloc(thread, &zone->large_record, zone->large_user, size, call);
	if (reason != MD_GUARD_NOT)
		md_watch_ask(heap, thread, zone->large_user);
	return (void *)zone->large_user;
}

/* A block that md_guard_allocate did not take. */
static inline __attribute__((always_inline)) void *allocate_plain(
	struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	size_t need = size + md_layout_redzone(size, heap->config.redzone);

	if (unlikely(alignment > MD_ALIGNMENT)) {
		if (alignment > MD_SLOT_ALIGNMENT_MAX)
			need = MD_SLOT_BYTES_MAX + 1;
		else
			need += alignment - MD_ALIGNMENT;
	}
	if (unlikely(need > MD_SLOT_BYTES_MAX))
		return allocate_large(heap, thread, size, alignment, zero, call);
	unsigned class_index = md_class_of(need);
	struct md_cache *cache = &thread->caches[class_index];

	if (unlikely(!cache->count) && !(cache = refill(heap, thread, class_index))) {
		give_up_held(heap, thread);
		if (!(cache = refill(heap, thread, class_index)))
			return md_heap_fail(heap, thread, MD_ERROR_OUT_OF_MEMORY, call);
	}
	struct md_slot slot = cache->slots[--cache->count];
	struct md_record *record = slot.record;
	uintptr_t user = slot.begin, end = slot.begin + md_class_bytes(class_index);

	if (unlikely(alignment > MD_ALIGNMENT)) {
		user = (user + alignment - 1) & ~(uintptr_t)(alignment - 1);
		md_pattern_paint(heap->secret, slot.begin, user);
	}
	record->user_offset16 = (uint8_t)((user - slot.begin) / 16);
	record->size = (uint32_t)size;
	/* The last MD_REDZONE_BYTES of the slot carry the pattern since it was carved. */
	md_pattern_paint(heap->secret, user + size, end - MD_REDZONE_BYTES);
	if (zero) {
		if (record->flags & MD_BLOCK_USED)
			memset((void *)user, 0, size);
	} else {
		md_heap_fill_new(heap, user, size);
	}
	record->flags |= MD_BLOCK_USED;
	md_heap_note_alloc(thread, record, user, size, call);
	return (void *)user;
}

/* The block has to ask whether it is guarded. One that is not, though blocks of its stack were damaged, has its red zone watched. */
static __attribute__((noinline)) void *allocate_asking(
	struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	void *user = md_guard_allocate(heap, thread, size, alignment, zero, call);

	if (user)
		return user;
	user = allocate_plain(heap, thread, size, alignment, zero, call);
	if (user && md_guard_is_suspect(&heap->guard, call->stack))
		md_watch_ask(heap, thread, (uintptr_t)user);
	return user;
}

void *md_heap_allocate(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	if (unlikely(!md_params_size_ok(size) || (heap->config.max_alloc && size > heap->config.max_alloc)))
		return md_heap_fail(heap, thread, MD_ERROR_ALLOCATION_SIZE_TOO_BIG, call);
	if (unlikely(md_guard_asks(thread, call->stack)))
		return allocate_asking(heap, thread, size, alignment, zero, call);
	return allocate_plain(heap, thread, size, alignment, zero, call);
}

void *md_heap_fail(struct md_heap *heap, struct md_thread *thread, enum md_error error, const struct md_call *call)
{
	struct md_event event = md_event_make(MD_EVENT_FAILED, call->api, 0, call->size, call->stack, thread->id, md_clock_now());

	event.error = error;
	md_history_put(&thread->history, event);
	thread->counters.failed++;
	md_check_add(heap, thread, error, MD_NOTICED_AT_CALL, call->size, NULL, call);
	return NULL;
}

/* --- finding blocks ----------------------------------------------------- */

/* The state of a block. One that a check holds for a moment is waited for. */
static uint8_t state_of(struct md_heap *heap, const struct md_record *record)
{
	uint8_t state = atomic_load_explicit(&record->state, memory_order_acquire);

	if (likely(state != MD_BLOCK_FREEING))
		return state;
	md_check_wait(heap);
	return atomic_load_explicit(&record->state, memory_order_acquire);
}

struct md_record *md_heap_live_block(struct md_heap *heap, uintptr_t user, struct md_zone **zone_out)
{
	struct md_zone *zone = md_page_map_zone(&heap->map, user);
	struct md_record *record;
	uintptr_t slot_begin;

	if (!zone || !(record = md_heap_find_exact(zone, user, &slot_begin)))
		return NULL;
	if (state_of(heap, record) != MD_BLOCK_LIVE)
		return NULL;
	*zone_out = zone;
	return record;
}

/* --- freeing ------------------------------------------------------------ */

static size_t quarantine_charge(const struct md_zone *zone, const struct md_record *record)
{
	if (likely(zone->kind < MD_ZONE_LARGE))
		return zone->slot_bytes;
	if (zone->kind == MD_ZONE_GUARDED)
		return md_guard_is_closed(zone, record) ? CLOSED_CHARGE : zone->slot_bytes;
	return record->flags & MD_BLOCK_DROPPED ? MD_PAGE_BYTES : zone->large_end - zone->large_begin;
}

static enum md_freed refuse(struct md_heap *heap, struct md_thread *thread, enum md_error error, uintptr_t addr, const struct md_block_view *block,
	const struct md_call *call)
{
	md_check_add(heap, thread, error, MD_NOTICED_AT_CALL, addr, block, call);
	return MD_FREED_NOT;
}

/* The pointer is in our memory, but no live block begins there: says what is wrong with it. */
enum md_freed md_heap_refuse_pointer(struct md_heap *heap, struct md_thread *thread, uintptr_t user, bool exact, const struct md_call *call)
{
	struct md_block_view block;

	md_inspect_address(heap, user, &block);
	if (call->api == MD_API_USABLE_SIZE)
		return refuse(heap, thread, MD_ERROR_BAD_USABLE_SIZE, user, &block, call);
	/* A block that left the quarantine keeps its record until its slot is handed out again. */
	if (exact && block.valid && block.user == user && block.state != MD_BLOCK_LIVE)
		return refuse(heap, thread, MD_ERROR_DOUBLE_FREE, user, &block, call);
	return refuse(heap, thread, MD_ERROR_BAD_FREE, user, &block, call);
}

static bool api_is_sized(enum md_api api)
{
	return api == MD_API_FREE_SIZED || api == MD_API_FREE_ALIGNED_SIZED || api == MD_API_DELETE_SIZED || api == MD_API_DELETE_ARRAY_SIZED ||
		api == MD_API_DELETE_SIZED_ALIGNED || api == MD_API_DELETE_ARRAY_SIZED_ALIGNED;
}

static bool api_is_aligned_cxx(enum md_api api)
{
	return api == MD_API_NEW_ALIGNED || api == MD_API_NEW_ARRAY_ALIGNED || api == MD_API_DELETE_ALIGNED || api == MD_API_DELETE_ARRAY_ALIGNED ||
		api == MD_API_DELETE_SIZED_ALIGNED || api == MD_API_DELETE_ARRAY_SIZED_ALIGNED;
}

/* Whether the block can have been allocated with that alignment (0: none was told). That of a guarded one is known, and it may lie better by chance. */
static bool may_be_aligned(const struct md_zone *zone, const struct md_record *record, uintptr_t user, size_t alignment)
{
	if (alignment > MD_ALIGNMENT && zone->kind == MD_ZONE_GUARDED)
		return alignment <= (size_t)1 << (record->user_offset16 & 15);
	return !alignment || !(user & (alignment - 1));
}

/* The block is ours to free: does the call fit how it was allocated? */
void md_heap_check_call(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, const struct md_record *record, uintptr_t user,
	const struct md_call *call)
{
	enum md_api alloc_api = (enum md_api)(record->apis & 15);
	enum md_family family = md_api_family(call->api);
	enum md_error error;

	if (heap->config.mismatch && md_api_family(alloc_api) != family)
		error = MD_ERROR_ALLOC_DEALLOC_MISMATCH;
	else if ((api_is_sized(call->api) && call->size != md_record_size(zone, record)) || !may_be_aligned(zone, record, user, call->alignment))
		error = family == MD_FAMILY_MALLOC ? MD_ERROR_FREE_SIZE_MISMATCH : MD_ERROR_NEW_DELETE_TYPE_MISMATCH;
	else if (family != MD_FAMILY_MALLOC && heap->config.mismatch && api_is_aligned_cxx(alloc_api) != api_is_aligned_cxx(call->api))
		error = MD_ERROR_NEW_DELETE_TYPE_MISMATCH;
	else
		return;
	struct md_block_view block;

	md_inspect_address(heap, user, &block);
	md_check_add(heap, thread, error, MD_NOTICED_AT_CALL, user, &block, call);
}

static void evict_one(struct md_heap *heap, struct md_thread *thread, const struct md_call *call)
{
	uintptr_t user = md_quarantine_oldest(&thread->quarantine), slot_begin = 0;
	struct md_zone *zone = md_page_map_zone(&heap->map, user);
	struct md_record *record = md_heap_find_exact(zone, user, &slot_begin);
	size_t charge = quarantine_charge(zone, record);
	struct md_extent extent = md_extent_of(zone, record, slot_begin);
	bool dropped = record->flags & MD_BLOCK_DROPPED;
	/* Nobody could write to a closed block, and one that was opened for an access has been reported. */
	bool closed = unlikely(zone->kind >= MD_ZONE_LARGE) && md_guard_is_closed(zone, record);

	if (!closed && unlikely(!md_fill_intact(heap->config.fill_free_byte, user, user + md_filled_bytes(heap, extent.size)) ||
		    (!dropped && !md_pattern_intact(heap->secret, user + extent.size, extent.end))) &&
		!md_check_freed(heap, thread, zone, record, MD_NOTICED_AT_REUSE, call))
		return; /* the list of findings is full: it stays until they are dealt with */
	md_quarantine_remove_oldest(&thread->quarantine, charge);
	if (unlikely(zone->kind == MD_ZONE_LARGE)) {
		md_zones_give_large(&heap->zones, zone, false);
		return;
	}
	atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
	cache_put(heap, thread, zone->class_index, slot_begin, record);
}

/* call: the one that lets blocks go, for reports. */
static void evict(struct md_heap *heap, struct md_thread *thread, size_t limit_bytes, const struct md_call *call)
{
	while (thread->quarantine.blocks && thread->quarantine.bytes > limit_bytes) {
		uint64_t blocks = thread->quarantine.blocks;

		evict_one(heap, thread, call);
		if (thread->quarantine.blocks == blocks)
			return;
	}
}

void md_heap_evict(struct md_heap *heap, struct md_thread *thread, size_t limit_bytes)
{
	struct md_call call = { .api = MD_API_NONE };

	evict(heap, thread, limit_bytes, &call);
}

/* Fills a freed block, or closes it, and gives the pages of a big one back. */
static void fill_freed(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, const struct md_extent *extent)
{
	size_t filled = md_filled_bytes(heap, extent->size);

	if (unlikely(zone->kind >= MD_ZONE_LARGE))
		md_guard_end(heap, zone, record);
	if (unlikely(zone->kind == MD_ZONE_GUARDED)) {
		record->flags |= MD_BLOCK_USED;
		if (md_guard_close(heap, zone, record, extent)) {
			record->flags &= (uint8_t)~MD_BLOCK_USED; /* its next block finds zeroes */
			return;
		}
	}
	if (unlikely(zone->kind == MD_ZONE_LARGE) && (extent->size > DROP_BYTES_MIN || extent->size > thread->quarantine.limit_bytes / 2)) {
		uintptr_t from = md_page_up(extent->user + filled);

		if (md_guard_close(heap, zone, record, extent)) {
			record->flags |= MD_BLOCK_DROPPED;
			return;
		}
		if (from < extent->end && md_os_drop((void *)from, extent->end - from))
			record->flags |= MD_BLOCK_DROPPED;
	}
	memset((void *)extent->user, heap->config.fill_free_byte, filled);
}

/* The block is MD_BLOCK_FREEING, so nobody else touches it. */
void md_heap_retire(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, uintptr_t slot_begin,
	const struct md_call *call)
{
	struct md_extent extent = md_extent_of(zone, record, slot_begin);
	uint64_t now = md_clock_now();

	if (unlikely(!md_redzones_intact(heap->secret, &extent)))
		md_check_redzones(heap, thread, zone, record, MD_NOTICED_AT_FREE, call);
	record->free_stack = call->stack.value;
	record->free_thread = thread->id.value;
	record->apis = (uint8_t)((record->apis & 15) | (call->api - MD_API_FIRST_FREE) << 4);
	md_history_put(&thread->history, md_event_make(MD_EVENT_FREE, call->api, extent.user, extent.size, call->stack, thread->id, now));
	thread->counters.frees++;
	thread->counters.freed_bytes += extent.size;
	fill_freed(heap, thread, zone, record, &extent);
	size_t charge = quarantine_charge(zone, record);

	atomic_store_explicit(&record->state, MD_BLOCK_QUARANTINED, memory_order_release);
	if (unlikely(!heap->config.quarantine || !md_quarantine_put(&thread->quarantine, &heap->arena, extent.user, charge))) {
		if (zone->kind == MD_ZONE_LARGE) {
			md_zones_give_large(&heap->zones, zone, false);
		} else {
			atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
			cache_put(heap, thread, zone->class_index, slot_begin, record);
		}
		return;
	}
	if (thread->quarantine.bytes > thread->quarantine.limit_bytes)
		evict(heap, thread, thread->quarantine.limit_bytes, call);
}

enum md_freed md_heap_free(struct md_heap *heap, struct md_thread *thread, void *pointer, const struct md_call *call)
{
	uintptr_t user = (uintptr_t)pointer, slot_begin;
	struct md_zone *zone = md_page_map_zone(&heap->map, user);

	if (unlikely(!zone))
		return MD_FREED_FOREIGN;
	struct md_record *record = md_heap_find_exact(zone, user, &slot_begin);

	if (unlikely(!record || !md_heap_begin_freeing(heap, record)))
		return md_heap_refuse_pointer(heap, thread, user, record != NULL, call);
	md_heap_check_call(heap, thread, zone, record, user, call);
	md_heap_retire(heap, thread, zone, record, slot_begin, call);
	return MD_FREED;
}

enum md_freed md_heap_size(struct md_heap *heap, struct md_thread *thread, void *pointer, const struct md_call *call, size_t *size)
{
	uintptr_t user = (uintptr_t)pointer, slot_begin;
	struct md_zone *zone = md_page_map_zone(&heap->map, user);
	struct md_record *record;

	*size = 0;
	if (unlikely(!zone))
		return MD_FREED_FOREIGN;
	record = md_heap_find_exact(zone, user, &slot_begin);
	if (unlikely(!record || state_of(heap, record) != MD_BLOCK_LIVE))
		return md_heap_refuse_pointer(heap, thread, user, record != NULL, call);
	*size = md_record_size(zone, record);
	return MD_FREED;
}

/* --- giving up what is held --------------------------------------------- */

static void empty_caches(struct md_heap *heap, struct md_thread *thread, bool keep_zones)
{
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		struct md_cache *cache = &thread->caches[i];

		if (cache->count)
			md_zones_give_slots(&heap->zones, i, cache->slots, cache->count, keep_zones);
		cache->count = 0;
	}
}

bool md_heap_purge_thread(struct md_heap *heap, struct md_thread *thread, bool keep_zones)
{
	struct md_call call = { .api = MD_API_NONE };

	/* Caches are emptied before they can overflow: one that does gives its zones back. */
	empty_caches(heap, thread, keep_zones);
	for (unsigned evicted = 1; thread->quarantine.blocks; evicted++) {
		uint64_t blocks = thread->quarantine.blocks;

		evict_one(heap, thread, &call);
		if (thread->quarantine.blocks == blocks)
			break;
		if (evicted % CACHE_SLOTS_LEAST == 0)
			empty_caches(heap, thread, keep_zones);
	}
	empty_caches(heap, thread, keep_zones);
	return thread->quarantine.blocks != 0;
}
