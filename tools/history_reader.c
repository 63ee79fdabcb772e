/* SPDX-License-Identifier: MIT */
#include "tools/history_reader.h"

#include <stdlib.h>
#include <string.h>

#include "src/api.h"
#include "src/error.h"

#define STACK_CHUNK_NUMBERS ((size_t)1 << MD_STACK_CHUNK_BITS)
#define FRAME_CHUNK_FRAMES ((size_t)1 << MD_FRAME_CHUNK_BITS)
#define MODULE_PATH_MAX 4096
#define TICK_NANOSECONDS_MIN 0.05 /* 20 GHz */
#define TICK_NANOSECONDS_MAX 1000.0

/* --- header -------------------------------------------------------------------- */

static void end_text(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
}

static const char *check_header(struct md_history_reader *reader, const unsigned char *bytes, size_t count)
{
	struct md_history_file_header *header = &reader->header;

	if (count < sizeof *header || memcmp(bytes, MD_HISTORY_FILE_MAGIC, sizeof header->magic) != 0)
		return "this is not a history file";
	memcpy(header, bytes, sizeof *header);
	end_text(header->boot_id, sizeof header->boot_id);
	end_text(header->library_version, sizeof header->library_version);
	end_text(header->program, sizeof header->program);
	if (header->endian != MD_HISTORY_FILE_ENDIAN)
		return "it is from a machine with another order of bytes, or damaged";
	if (header->version != MD_HISTORY_FILE_VERSION)
		return "it is of another version of malloc-debug";
	if (header->header_bytes != MD_HISTORY_HEADER_BYTES || header->chunk_header_bytes != sizeof(struct md_history_chunk) ||
		header->event_bytes != sizeof(struct md_event) || header->frame_bytes != sizeof(struct md_frame) ||
		header->thread_bytes != sizeof(struct md_thread_info) || header->module_bytes != sizeof(struct md_history_module) ||
		header->stack_chunk_bits != MD_STACK_CHUNK_BITS || header->frame_chunk_bits != MD_FRAME_CHUNK_BITS)
		return "it is of another build of malloc-debug, or damaged";
	if (header->later_ticks > header->start_ticks && header->later_nanoseconds > header->start_nanoseconds) {
		double rate = (double)(header->later_nanoseconds - header->start_nanoseconds) / (double)(header->later_ticks - header->start_ticks);

		if (rate >= TICK_NANOSECONDS_MIN && rate <= TICK_NANOSECONDS_MAX)
			reader->tick_nanoseconds = rate;
	}
	return NULL;
}

/* --- chunks -------------------------------------------------------------------- */

static bool add_event(struct md_history_reader *reader, const struct md_event *event)
{
	if (reader->event_count == reader->event_room) {
		size_t room = reader->event_room ? 2 * reader->event_room : 4096;
		struct md_event *events = realloc(reader->events, room * sizeof *events);

		if (!events)
			return false;
		reader->events = events;
		reader->event_room = room;
	}
	reader->events[reader->event_count++] = *event;
	return true;
}

static bool is_sound_event(const struct md_event *event)
{
	enum md_event_kind kind = md_event_kind(event);

	if (kind > MD_EVENT_FAILED || md_event_api(event) >= MD_API_COUNT)
		return false;
	return kind == MD_EVENT_FAILED ? event->error < MD_ERROR_COUNT : md_event_addr(event) != 0;
}

/* Where the oldest event of a ring is that has no empty place left; count, if it has. */
static size_t find_oldest(const unsigned char *bytes, size_t count)
{
	uint64_t least = UINT64_MAX;
	size_t oldest = count;

	for (size_t at = 0; at + sizeof(struct md_event) <= count; at += sizeof(struct md_event)) {
		struct md_event event;

		memcpy(&event, bytes + at, sizeof event);
		if (!event.time)
			return count;
		if (event.time < least) {
			least = event.time;
			oldest = at;
		}
	}
	return oldest;
}

static bool read_ring(struct md_history_reader *reader, const unsigned char *bytes, size_t count)
{
	size_t oldest = find_oldest(bytes, count);

	reader->ring_count++;
	for (size_t at = 0; at + sizeof(struct md_event) <= count; at += sizeof(struct md_event)) {
		struct md_event event;

		memcpy(&event, bytes + at, sizeof event);
		/* Never written; or the one that may be half overwritten (md_history_put). */
		if (!event.time || at == oldest)
			continue;
		if (!is_sound_event(&event))
			reader->bad_events++;
		else if (!add_event(reader, &event))
			return false;
	}
	return true;
}

static bool read_stacks(struct md_history_reader *reader, uint32_t index, const unsigned char *bytes, size_t count)
{
	size_t all = STACK_CHUNK_NUMBERS * sizeof(uint32_t);
	uint32_t *numbers;

	if (index >= MD_STACK_CHUNKS_MAX || reader->stacks->chunks[index]) {
		reader->bad_chunks++;
		return true;
	}
	numbers = calloc(1, all);
	if (!numbers)
		return false;
	memcpy(numbers, bytes, count < all ? count : all);
	reader->stacks->chunks[index] = numbers;
	return true;
}

static bool read_frames(struct md_history_reader *reader, uint32_t index, const unsigned char *bytes, size_t count)
{
	size_t all = FRAME_CHUNK_FRAMES * sizeof(struct md_frame);
	struct md_frame *frames;

	if (index >= MD_FRAME_CHUNKS_MAX || reader->stacks->frame_chunks[index]) {
		reader->bad_chunks++;
		return true;
	}
	frames = calloc(1, all);
	if (!frames)
		return false;
	memcpy(frames, bytes, count < all ? count : all);
	reader->stacks->frame_chunks[index] = frames;
	return true;
}

static bool read_module(struct md_history_reader *reader, uint32_t index, const unsigned char *bytes, size_t count)
{
	struct md_history_module module;
	char *path;

	memcpy(&module, bytes, count < sizeof module ? count : sizeof module);
	if (count < sizeof module || module.path_bytes > count - sizeof module || module.path_bytes > MODULE_PATH_MAX || !index ||
		index >= MD_MODULES_MAX || module.build_id_bytes > MD_BUILD_ID_MAX) {
		reader->bad_chunks++;
		return true;
	}
	path = strndup((const char *)bytes + sizeof module, module.path_bytes);
	if (!path)
		return false;
	struct md_module *row = &reader->modules->rows[index];

	if (row->end) /* the same one twice */
		free((char *)row->path);
	*row = (struct md_module){ .begin = module.begin, .end = module.end ? module.end : 1, .bias = module.bias, .path = path,
		.build_id_bytes = module.build_id_bytes };
	memcpy(row->build_id, module.build_id, sizeof row->build_id);
	if (index >= atomic_load(&reader->modules->count))
		atomic_store(&reader->modules->count, index + 1);
	return true;
}

static void read_threads(struct md_history_reader *reader, const unsigned char *bytes, size_t count)
{
	size_t rows = count / sizeof *reader->threads;

	if (rows > MD_THREAD_INFOS_MAX)
		rows = MD_THREAD_INFOS_MAX;
	if (rows > reader->thread_count)
		reader->thread_count = rows;
	memcpy(reader->threads, bytes, rows * sizeof *reader->threads);
}

static bool read_chunk(struct md_history_reader *reader, const struct md_history_chunk *chunk, const unsigned char *bytes, size_t count)
{
	switch (chunk->kind) {
	case MD_LASTING_THREADS:
		read_threads(reader, bytes, count);
		return true;
	case MD_LASTING_RING:
		return read_ring(reader, bytes, count);
	case MD_LASTING_STACKS:
		return read_stacks(reader, chunk->index, bytes, count);
	case MD_LASTING_FRAMES:
		return read_frames(reader, chunk->index, bytes, count);
	case MD_LASTING_MODULE:
		return read_module(reader, chunk->index, bytes, count);
	default:
		reader->bad_chunks++;
		return true;
	}
}

/* A chunk that the file ends in counts as far as it goes. */
static bool read_chunks(struct md_history_reader *reader, const unsigned char *bytes, size_t count)
{
	for (size_t at = MD_HISTORY_HEADER_BYTES; at + sizeof(struct md_history_chunk) <= count;) {
		struct md_history_chunk chunk;

		memcpy(&chunk, bytes + at, sizeof chunk);
		at += sizeof chunk;
		if (!chunk.check && !chunk.bytes)
			continue;
		if (atomic_load(&chunk.magic) != MD_HISTORY_CHUNK_MAGIC || chunk.check != md_history_chunk_check(&chunk)) {
			if (atomic_load(&chunk.magic) == MD_HISTORY_CHUNK_MAGIC)
				reader->bad_chunks++;
			continue;
		}
		size_t here = chunk.bytes < count - at ? chunk.bytes : count - at;

		if (here < chunk.bytes)
			reader->bad_chunks++;
		if (!read_chunk(reader, &chunk, bytes + at, here))
			return false;
		at += (here + MD_HISTORY_CHUNK_STEP - 1) / MD_HISTORY_CHUNK_STEP * MD_HISTORY_CHUNK_STEP;
	}
	return true;
}

/* --- stacks -------------------------------------------------------------------- */

static bool is_sound_list(const struct md_stack_store *store, uint32_t id)
{
	uint32_t chunk = id >> MD_STACK_CHUNK_BITS, at = id & (STACK_CHUNK_NUMBERS - 1);
	const uint32_t *numbers = id && chunk < MD_STACK_CHUNKS_MAX ? atomic_load(&store->chunks[chunk]) : NULL;

	if (!numbers || !numbers[at] || numbers[at] > MD_STACK_FRAMES_MAX || numbers[at] >= STACK_CHUNK_NUMBERS - at)
		return false;
	for (uint32_t i = 1; i <= numbers[at]; i++) {
		uint32_t number = numbers[at + i], frames = number >> MD_FRAME_CHUNK_BITS;

		if (frames >= MD_FRAME_CHUNKS_MAX || !atomic_load(&store->frame_chunks[frames]) ||
			!atomic_load(&store->frame_chunks[frames])[number & (FRAME_CHUNK_FRAMES - 1)].pc)
			return false;
	}
	return true;
}

bool md_history_reader_knows(const struct md_history_reader *reader, md_stack_id stack)
{
	return is_sound_list(reader->stacks, stack.value);
}

/* A stack that is not known as a whole is none: nobody is to look for its frames. */
static void check_rows(struct md_history_reader *reader)
{
	for (size_t i = 0; i < reader->event_count; i++)
		if (!is_sound_list(reader->stacks, reader->events[i].stack))
			reader->events[i].stack = 0;
	for (size_t i = 0; i < reader->thread_count; i++) {
		unsigned char alive; /* of a bool, only 0 and 1 are that */

		memcpy(&alive, &reader->threads[i].alive, 1);
		reader->threads[i].alive = alive == 1;
		end_text(reader->threads[i].name, sizeof reader->threads[i].name);
		if (!is_sound_list(reader->stacks, reader->threads[i].created.value))
			reader->threads[i].created = MD_STACK_NONE;
	}
}

/* --- whole files ----------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
	const struct md_event *left = a, *right = b;

	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;
	/* What left a place comes before what came to it. */
	return (int)(md_event_kind(right) == MD_EVENT_FREE) - (int)(md_event_kind(left) == MD_EVENT_FREE);
}

/* Rows without a chunk have no path, and are asked for all the same. */
static void name_missing_modules(struct md_modules *modules)
{
	for (size_t i = 0; i < MD_MODULES_MAX; i++)
		modules->rows[i] = (struct md_module){ .path = "" };
}

const char *md_history_reader_open(struct md_history_reader *reader, const unsigned char *bytes, size_t count)
{
	const char *complaint = check_header(reader, bytes, count);

	if (complaint)
		return complaint;
	md_arena_init(&reader->arena);
	reader->stacks = md_stack_store_create(&reader->arena);
	reader->modules = calloc(1, sizeof *reader->modules);
	reader->threads = calloc(MD_THREAD_INFOS_MAX, sizeof *reader->threads);
	if (!reader->stacks || !reader->modules || !reader->threads)
		return "there is not enough memory";
	md_modules_init(reader->modules);
	name_missing_modules(reader->modules);
	if (!read_chunks(reader, bytes, count))
		return "there is not enough memory";
	check_rows(reader);
	if (reader->event_count)
		qsort(reader->events, reader->event_count, sizeof *reader->events, compare_times);
	return NULL;
}

void md_history_reader_close(struct md_history_reader *reader)
{
	for (size_t i = 0; reader->stacks && i < MD_STACK_CHUNKS_MAX; i++)
		free(reader->stacks->chunks[i]);
	for (size_t i = 0; reader->stacks && i < MD_FRAME_CHUNKS_MAX; i++)
		free(reader->stacks->frame_chunks[i]);
	for (size_t i = 0; reader->modules && i < MD_MODULES_MAX; i++)
		if (reader->modules->rows[i].end)
			free((char *)reader->modules->rows[i].path);
	for (struct md_arena_chunk *chunk = atomic_load(&reader->arena.chunks), *next; chunk; chunk = next) {
		next = chunk->next;
		md_os_unmap(chunk, chunk->bytes);
	}
	free(reader->modules);
	free(reader->threads);
	free(reader->events);
	memset(reader, 0, sizeof *reader);
}

static bool fits(const struct md_event *event, const struct md_history_filter *filter)
{
	uint64_t addr = md_event_addr(event), size = md_event_size(event);

	if (filter->thread && md_event_thread(event).value != filter->thread)
		return false;
	if (!filter->end)
		return true;
	return md_event_kind(event) != MD_EVENT_FAILED && addr < filter->end && addr + (size ? size : 1) > filter->begin;
}

size_t md_history_reader_select(struct md_history_reader *reader, const struct md_history_filter *filter)
{
	size_t fitting = 0;

	for (size_t i = 0; i < reader->event_count; i++)
		if (fits(&reader->events[i], filter))
			reader->events[fitting++] = reader->events[i];
	reader->event_count = fitting;
	if (filter->last && filter->last < fitting) {
		memmove(reader->events, reader->events + (fitting - filter->last), filter->last * sizeof *reader->events);
		reader->event_count = filter->last;
	}
	return fitting;
}
