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
#include "src/slot_bytes.h"
#include "src/watch_ask.h"

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
	md_failures_init(heap);
	heap->size_asks = (config->max_alloc && md_params_size_ok(config->max_alloc) ? config->max_alloc : PTRDIFF_MAX) + 1;
	if (md_failures_wanted(&config->failures))
		heap->size_asks = 0;
	return heap->stacks && heap->thread_infos;
}

/* --- caches ------------------------------------------------------------- */

static struct md_cache *refill(struct md_heap *heap, struct md_thread *thread, unsigned class_index)
{
	struct md_cache *cache = &thread->caches[class_index];

	md_heap_set_quarantine_limit(heap, thread);
	cache->count = (uint16_t)md_zones_take_slots(&heap->zones, class_index, cache->slots, (cache->capacity + 1u) / 2);
	for (unsigned i = 0; i < cache->count / 2u; i++) { /* lowest address out first */
		struct md_slot slot = cache->slots[i];

		cache->slots[i] = cache->slots[cache->count - 1 - i];
		cache->slots[cache->count - 1 - i] = slot;
	}
	return cache->count ? cache : NULL;
}

/* --- allocating --------------------------------------------------------- */

static void note_failed(struct md_thread *thread, enum md_error error, const struct md_call *call)
{
	struct md_event event = md_event_make(MD_EVENT_FAILED, call->api, 0, call->size, call->stack, thread->id, md_clock_now());

	event.error = error;
	md_history_put(&thread->history, event);
	thread->counters.failed++;
}

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
	md_heap_set_quarantine_limit(heap, thread);
	zone->large_size = size;
	zone->large_record.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	if (zero && !fresh && (size < MD_DROP_BYTES_MIN || !md_os_drop((void *)zone->begin, layout.end)))
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
	uintptr_t user = slot.begin, end = slot.begin + cache->slot_bytes;

	if (unlikely(alignment > MD_ALIGNMENT)) {
		user = (user + alignment - 1) & ~(uintptr_t)(alignment - 1);
		md_pattern_paint(heap->secret, slot.begin, user);
	}
	record->user_offset16 = (uint8_t)((user - slot.begin) / 16);
	record->size = (uint32_t)size;
	md_slot_paint(heap->secret, user, size, end, zero);
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

bool md_heap_refuses(struct md_heap *heap, struct md_thread *thread, size_t size, const struct md_call *call)
{
	if (!md_params_size_ok(size) || (heap->config.max_alloc && size > heap->config.max_alloc)) {
		md_heap_fail(heap, thread, MD_ERROR_ALLOCATION_SIZE_TOO_BIG, call);
		return true;
	}
	if (!md_failures_wanted(&heap->config.failures) || !md_failures_ask(heap, thread, size, call))
		return false;
	note_failed(thread, MD_ERROR_OUT_OF_MEMORY, call); /* no finding: it is what the user wants */
	return true;
}

void *md_heap_allocate(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	if (unlikely(size >= heap->size_asks) && md_heap_refuses(heap, thread, size, call))
		return NULL;
	return md_heap_allocate_granted(heap, thread, size, alignment, zero, call);
}

void *md_heap_allocate_granted(
	struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	if (unlikely(md_guard_asks(thread, call->stack)))
		return allocate_asking(heap, thread, size, alignment, zero, call);
	return allocate_plain(heap, thread, size, alignment, zero, call);
}

void *md_heap_fail(struct md_heap *heap, struct md_thread *thread, enum md_error error, const struct md_call *call)
{
	note_failed(thread, error, call);
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

/* --- refusing ----------------------------------------------------------- */

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

#define ALLOCATED_BY(api) (1u << MD_API_##api)
#define MALLOC_FAMILY (ALLOCATED_BY(NEW) - 1) /* its rows come first in api.def */

const uint16_t md_heap_calls_fit[16] = {
	[MD_API_FREE - MD_API_FIRST_FREE] = MALLOC_FAMILY,
	[MD_API_CFREE - MD_API_FIRST_FREE] = MALLOC_FAMILY,
	[MD_API_REALLOC_FREE - MD_API_FIRST_FREE] = MALLOC_FAMILY,
	[MD_API_FREE_SIZED - MD_API_FIRST_FREE] = MALLOC_FAMILY | MD_CALL_SIZED,
	[MD_API_DELETE - MD_API_FIRST_FREE] = ALLOCATED_BY(NEW),
	[MD_API_DELETE_ARRAY - MD_API_FIRST_FREE] = ALLOCATED_BY(NEW_ARRAY),
	[MD_API_DELETE_SIZED - MD_API_FIRST_FREE] = ALLOCATED_BY(NEW) | MD_CALL_SIZED,
	[MD_API_DELETE_ARRAY_SIZED - MD_API_FIRST_FREE] = ALLOCATED_BY(NEW_ARRAY) | MD_CALL_SIZED,
};

void md_heap_check_call_slowly(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, const struct md_record *record, uintptr_t user,
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
