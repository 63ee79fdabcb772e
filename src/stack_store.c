/* SPDX-License-Identifier: MIT */
#include "src/stack_store.h"

#include <stdbool.h>
#include <string.h>

#include "src/arena.h"

#define FRAME_TABLE_FIRST 2048
#define STACK_INDEX_FIRST 1024
#define FRAME_COUNT_MAX ((uint32_t)MD_FRAME_CHUNKS_MAX << MD_FRAME_CHUNK_BITS)

struct index_entry {
	_Atomic uint64_t hash; /* 0: empty; written last */
	_Atomic uint32_t id;
};

struct md_stack_index {
	uint32_t mask; /* capacity - 1; a power of two */
	uint32_t count;
	struct index_entry entries[];
};

static struct md_frame_table *create_frame_table(struct md_arena *arena, uint32_t capacity)
{
	struct md_frame_table *table = md_arena_take(arena, sizeof *table + capacity * sizeof table->slots[0], 64);

	if (table)
		table->mask = capacity - 1;
	return table;
}

static struct md_stack_index *create_stack_index(struct md_arena *arena, uint32_t capacity)
{
	struct md_stack_index *index = md_arena_take(arena, sizeof *index + capacity * sizeof index->entries[0], 64);

	if (index)
		index->mask = capacity - 1;
	return index;
}

struct md_stack_store *md_stack_store_create(struct md_arena *arena)
{
	struct md_stack_store *store = md_arena_take(arena, sizeof *store, 64);

	if (!store)
		return NULL;
	md_lock_init(&store->lock, MD_LOCK_STACKS);
	store->arena = arena;
	store->next = 1; /* place 0 is MD_STACK_NONE */
	atomic_store(&store->frame_count, 1);
	atomic_store(&store->frames, create_frame_table(arena, FRAME_TABLE_FIRST));
	atomic_store(&store->index, create_stack_index(arena, STACK_INDEX_FIRST));
	return atomic_load(&store->frames) && atomic_load(&store->index) ? store : NULL;
}

static struct md_frame_slot *free_frame_slot(struct md_frame_table *table, uintptr_t pc)
{
	for (uint32_t i = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 32);; i++) {
		struct md_frame_slot *slot = &table->slots[i & table->mask];

		if (!atomic_load_explicit(&slot->pc, memory_order_relaxed))
			return slot;
	}
}

static void fill_frame_slot(struct md_frame_table *table, uintptr_t pc, uint64_t rule_number)
{
	struct md_frame_slot *slot = free_frame_slot(table, pc);

	atomic_store_explicit(&slot->rule_number, rule_number, memory_order_relaxed);
	atomic_store_explicit(&slot->pc, pc, memory_order_release); /* pairs with md_frame_find */
	table->count++;
}

/* Copies the table into a new one, less the addresses in [begin, end). Readers of the old one see what was true when they looked. */
static bool rebuild_frames(struct md_stack_store *store, uint32_t capacity, uintptr_t begin, uintptr_t end)
{
	struct md_frame_table *old = atomic_load_explicit(&store->frames, memory_order_relaxed);
	struct md_frame_table *table = create_frame_table(store->arena, capacity);

	if (!table)
		return false;
	for (uint32_t i = 0; i <= old->mask; i++) {
		uintptr_t pc = atomic_load_explicit(&old->slots[i].pc, memory_order_relaxed);

		if (pc && (pc < begin || pc >= end))
			fill_frame_slot(table, pc, atomic_load_explicit(&old->slots[i].rule_number, memory_order_relaxed));
	}
	atomic_store_explicit(&store->frames, table, memory_order_release);
	return true;
}

static void *take_chunk(struct md_stack_store *store, enum md_lasting_kind kind, uint32_t index, size_t bytes)
{
	void *chunk = store->lasting ? store->lasting->map(kind, index, bytes) : NULL;

	return chunk ? chunk : md_arena_take(store->arena, bytes, 64);
}

static void lock_to_write(struct md_stack_store *store)
{
	md_lock_take(&store->lock);
	if (store->lasting)
		store->lasting->own();
}

/* Place of a frame by its number, its chunk made when needed. */
static struct md_frame *frame_at(struct md_stack_store *store, uint32_t number)
{
	uint32_t chunk = number >> MD_FRAME_CHUNK_BITS;
	struct md_frame *frames = atomic_load_explicit(&store->frame_chunks[chunk], memory_order_acquire);

	if (!frames) {
		frames = take_chunk(store, MD_LASTING_FRAMES, chunk, sizeof *frames << MD_FRAME_CHUNK_BITS);
		if (!frames)
			return NULL;
		atomic_store_explicit(&store->frame_chunks[chunk], frames, memory_order_release);
	}
	return &frames[number & ((1u << MD_FRAME_CHUNK_BITS) - 1)];
}

uint32_t md_frame_put(struct md_stack_store *store, struct md_frame frame, uint32_t rule)
{
	uint32_t number = 0;

	if (!frame.pc)
		return 0;
	lock_to_write(store);
	const struct md_frame_slot *known = md_frame_find(store, frame.pc);

	if (known) {
		number = (uint32_t)atomic_load_explicit(&known->rule_number, memory_order_relaxed);
	} else {
		struct md_frame_table *table = atomic_load_explicit(&store->frames, memory_order_relaxed);
		uint32_t count = atomic_load_explicit(&store->frame_count, memory_order_relaxed);
		struct md_frame *place = count < FRAME_COUNT_MAX ? frame_at(store, count) : NULL;

		/* The table must keep empty slots, or a search for an unknown address would not end. */
		if (place && (table->count < table->mask / 2 || rebuild_frames(store, (table->mask + 1) * 2, 0, 0))) {
			*place = frame;
			number = count;
			atomic_store_explicit(&store->frame_count, count + 1, memory_order_release);
			fill_frame_slot(atomic_load_explicit(&store->frames, memory_order_relaxed), frame.pc, (uint64_t)rule << 32 | number);
		}
	}
	md_lock_release(&store->lock);
	return number;
}

void md_frames_forget(struct md_stack_store *store, uintptr_t begin, uintptr_t end)
{
	md_lock_take(&store->lock);
	struct md_frame_table *table = atomic_load_explicit(&store->frames, memory_order_relaxed);
	bool any = false;

	for (uint32_t i = 0; i <= table->mask && !any; i++) {
		uintptr_t pc = atomic_load_explicit(&table->slots[i].pc, memory_order_relaxed);

		any = pc >= begin && pc < end;
	}
	if (any && !rebuild_frames(store, table->mask + 1, begin, end)) {
		/* No memory for a copy: take the rules away, which is what must not be used again; the names then may be the old code's. */
		for (uint32_t i = 0; i <= table->mask; i++) {
			uintptr_t pc = atomic_load_explicit(&table->slots[i].pc, memory_order_relaxed);

			if (pc >= begin && pc < end)
				atomic_fetch_and(&table->slots[i].rule_number, 0xffffffffu);
		}
	}
	md_lock_release(&store->lock);
}

static uint64_t hash_numbers(const uint32_t *numbers, size_t count)
{
	uint64_t prefix = 0;

	for (size_t i = count; i-- > 0;)
		prefix = md_stack_hash_add(prefix, numbers[i]);
	return md_stack_hash_window(prefix, 0, count);
}

/* The list at an id: its count, then its numbers; NULL for an id that cannot be. */
static const uint32_t *list_at(const struct md_stack_store *store, uint32_t id)
{
	uint32_t *chunk = id >> MD_STACK_CHUNK_BITS < MD_STACK_CHUNKS_MAX
		? atomic_load_explicit(&store->chunks[id >> MD_STACK_CHUNK_BITS], memory_order_acquire)
		: NULL;

	return chunk ? &chunk[id & ((1u << MD_STACK_CHUNK_BITS) - 1)] : NULL;
}

md_stack_id md_stack_store_find(const struct md_stack_store *store, uint64_t hash)
{
	const struct md_stack_index *index = atomic_load_explicit(&store->index, memory_order_acquire);

	for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
		const struct index_entry *entry = &index->entries[i & index->mask];
		uint64_t found = atomic_load_explicit(&entry->hash, memory_order_acquire);

		if (found == hash)
			return (md_stack_id){ atomic_load_explicit(&entry->id, memory_order_relaxed) };
		if (!found)
			return MD_STACK_NONE;
	}
}

static void index_put(struct md_stack_index *index, uint64_t hash, uint32_t id)
{
	uint32_t i = (uint32_t)(hash >> 32);

	while (atomic_load_explicit(&index->entries[i & index->mask].hash, memory_order_relaxed))
		i++;
	atomic_store_explicit(&index->entries[i & index->mask].id, id, memory_order_relaxed);
	atomic_store_explicit(&index->entries[i & index->mask].hash, hash, memory_order_release); /* pairs with md_stack_store_find */
	index->count++;
}

static bool grow_index(struct md_stack_store *store)
{
	struct md_stack_index *old = atomic_load_explicit(&store->index, memory_order_relaxed);
	struct md_stack_index *index = create_stack_index(store->arena, (old->mask + 1) * 2);

	if (!index)
		return false;
	for (uint32_t i = 0; i <= old->mask; i++) {
		uint64_t hash = atomic_load_explicit(&old->entries[i].hash, memory_order_relaxed);

		if (hash)
			index_put(index, hash, atomic_load_explicit(&old->entries[i].id, memory_order_relaxed));
	}
	atomic_store_explicit(&store->index, index, memory_order_release);
	return true;
}

/* Room for a list of count numbers; lists do not cross chunks. 0 when there is none. */
static uint32_t take_list(struct md_stack_store *store, size_t count)
{
	uint32_t id = store->next, left = (1u << MD_STACK_CHUNK_BITS) - (id & ((1u << MD_STACK_CHUNK_BITS) - 1));

	if (left < count + 1)
		id += left;
	uint32_t chunk = id >> MD_STACK_CHUNK_BITS;

	if (chunk >= MD_STACK_CHUNKS_MAX)
		return 0;
	if (!atomic_load_explicit(&store->chunks[chunk], memory_order_relaxed)) {
		uint32_t *numbers = take_chunk(store, MD_LASTING_STACKS, chunk, sizeof *numbers << MD_STACK_CHUNK_BITS);

		if (!numbers)
			return 0;
		atomic_store_explicit(&store->chunks[chunk], numbers, memory_order_release);
	}
	store->next = id + (uint32_t)count + 1;
	return id;
}

md_stack_id md_stack_store_put_numbers(struct md_stack_store *store, const uint32_t *numbers, size_t count)
{
	if (!count || count > MD_STACK_FRAMES_MAX)
		return MD_STACK_NONE;
	uint64_t hash = hash_numbers(numbers, count);
	uint32_t id = md_stack_store_find(store, hash).value;

	if (id)
		return (md_stack_id){ id };
	lock_to_write(store);
	id = md_stack_store_find(store, hash).value;
	if (!id) {
		struct md_stack_index *index = atomic_load_explicit(&store->index, memory_order_relaxed);

		if ((index->count < index->mask / 2 || grow_index(store)) && (id = take_list(store, count))) {
			uint32_t *list = (uint32_t *)list_at(store, id);

			list[0] = (uint32_t)count;
			memcpy(list + 1, numbers, count * sizeof *numbers);
			index_put(atomic_load_explicit(&store->index, memory_order_relaxed), hash, id);
			atomic_fetch_add_explicit(&store->stack_count, 1, memory_order_relaxed);
		}
	}
	md_lock_release(&store->lock);
	return (md_stack_id){ id };
}

md_stack_id md_stack_store_put(struct md_stack_store *store, const struct md_frame *frames, size_t count)
{
	uint32_t numbers[MD_STACK_FRAMES_MAX];

	if (count > MD_STACK_FRAMES_MAX)
		count = MD_STACK_FRAMES_MAX;
	for (size_t i = 0; i < count; i++)
		numbers[i] = md_frame_put(store, frames[i], 0);
	return md_stack_store_put_numbers(store, numbers, count);
}

static struct md_frame frame_of(const struct md_stack_store *store, uint32_t number)
{
	const struct md_frame *chunk = atomic_load_explicit(&store->frame_chunks[number >> MD_FRAME_CHUNK_BITS], memory_order_acquire);

	return chunk ? chunk[number & ((1u << MD_FRAME_CHUNK_BITS) - 1)] : (struct md_frame){ 0 };
}

struct md_frame md_frame_get(const struct md_stack_store *store, uint32_t number)
{
	return number >> MD_FRAME_CHUNK_BITS < MD_FRAME_CHUNKS_MAX ? frame_of(store, number) : (struct md_frame){ 0 };
}

uint32_t md_stack_store_number(const struct md_stack_store *store, md_stack_id id, size_t i)
{
	const uint32_t *list = id.value ? list_at(store, id.value) : NULL;

	return list && list[0] <= MD_STACK_FRAMES_MAX && i < list[0] ? list[i + 1] : 0;
}

size_t md_stack_store_frames(const struct md_stack_store *store, md_stack_id id, struct md_frame *frames, size_t frames_max)
{
	const uint32_t *list = id.value ? list_at(store, id.value) : NULL;

	if (!list || list[0] > MD_STACK_FRAMES_MAX)
		return 0;
	for (size_t i = 0; i < list[0] && i < frames_max; i++)
		frames[i] = frame_of(store, list[i + 1]);
	return list[0];
}

bool md_stack_store_frame(const struct md_stack_store *store, md_stack_id id, size_t i, struct md_frame *frame)
{
	const uint32_t *list = id.value ? list_at(store, id.value) : NULL;

	if (!list || list[0] > MD_STACK_FRAMES_MAX || i >= list[0])
		return false;
	*frame = frame_of(store, list[i + 1]);
	return true;
}
