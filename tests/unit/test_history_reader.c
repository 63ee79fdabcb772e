/* SPDX-License-Identifier: MIT
 *
 * The reader of history files: a file made up here is read back, and then, with a fixed seed, cut and damaged in many thousand ways: whatever
 * comes out is shown as text and as JSON, under AddressSanitizer in make check-sanitized.
 */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "report/history_json.h"
#include "report/history_text.h"
#include "tools/history_reader.h"

#define MUTATIONS 20000
#define RING_EVENTS 64
#define STACKS 12
#define FRAMES 40
#define THREADS 5
#define FILE_BYTES_MAX ((size_t)32 << 10)
#define TEXT_BYTES ((size_t)64 << 10)

static unsigned char file[FILE_BYTES_MAX];
static size_t file_bytes;
static size_t chunks[16], chunk_count; /* where their headers are */
static uint32_t stack_ids[STACKS];
static char text_buffer[TEXT_BYTES];
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* --- a file ------------------------------------------------------------------- */

static void *add_chunk(enum md_lasting_kind kind, uint32_t index, size_t bytes)
{
	struct md_history_chunk chunk = { .magic = MD_HISTORY_CHUNK_MAGIC, .kind = kind, .index = index, .bytes = bytes, .address = 0x7f0000000000 };
	size_t at = file_bytes;

	chunk.check = md_history_chunk_check(&chunk);
	chunks[chunk_count++] = at;
	memcpy(file + at, &chunk, sizeof chunk);
	file_bytes += sizeof chunk + (bytes + MD_HISTORY_CHUNK_STEP - 1) / MD_HISTORY_CHUNK_STEP * MD_HISTORY_CHUNK_STEP;
	cr_assert_leq(file_bytes, FILE_BYTES_MAX);
	return file + at + sizeof chunk;
}

static void add_module(uint32_t row, const char *path)
{
	struct md_history_module *module = add_chunk(MD_LASTING_MODULE, row, sizeof *module + strlen(path));

	*module = (struct md_history_module){ .begin = 0x400000 * row, .end = 0x400000 * row + 0x10000, .bias = 0x400000 * row, .build_id_bytes = 20,
		.path_bytes = (uint32_t)strlen(path) };
	memcpy(module->path, path, strlen(path));
}

/* Events numbered from first on; event n: block 0x1000 * n of n bytes, by thread 1 + n % 4, from stack n % STACKS. */
static void add_ring(uint32_t index, uint64_t first, size_t count)
{
	struct md_event *events = add_chunk(MD_LASTING_RING, index, RING_EVENTS * sizeof *events);

	for (uint64_t i = 0; i < count; i++) {
		uint64_t n = first + i;

		/* A ring that is full has begun anew in its middle. */
		events[(i + (count == RING_EVENTS ? 20 : 0)) % RING_EVENTS] = md_event_make(n % 3 ? MD_EVENT_ALLOC : MD_EVENT_FREE, 0, 0x1000 * n, n,
			(md_stack_id){ stack_ids[n % STACKS] }, (md_thread_id){ (uint16_t)(1 + n % 4) }, 1000 + n);
	}
}

static void make_file(void)
{
	struct md_history_file_header *header = (struct md_history_file_header *)file;

	memset(file, 0, sizeof file);
	file_bytes = MD_HISTORY_HEADER_BYTES;
	chunk_count = 0;
	*header = (struct md_history_file_header){ .endian = MD_HISTORY_FILE_ENDIAN, .version = MD_HISTORY_FILE_VERSION, .header_bytes = MD_HISTORY_HEADER_BYTES,
		.chunk_header_bytes = sizeof(struct md_history_chunk), .event_bytes = sizeof(struct md_event), .frame_bytes = sizeof(struct md_frame),
		.thread_bytes = sizeof(struct md_thread_info), .module_bytes = sizeof(struct md_history_module), .stack_chunk_bits = MD_STACK_CHUNK_BITS,
		.frame_chunk_bits = MD_FRAME_CHUNK_BITS, .pid = 4711, .start_ticks = 1000, .start_nanoseconds = 5000, .later_ticks = 3000,
		.later_nanoseconds = 6000, .program = "/usr/bin/program" };
	memcpy(header->magic, MD_HISTORY_FILE_MAGIC, sizeof header->magic);

	struct md_thread_info *threads = add_chunk(MD_LASTING_THREADS, 0, THREADS * sizeof *threads);
	struct md_frame *frames = add_chunk(MD_LASTING_FRAMES, 0, FRAMES * sizeof *frames);
	uint32_t *numbers = add_chunk(MD_LASTING_STACKS, 0, (1 + STACKS * 5) * sizeof *numbers), next = 1;

	for (uint32_t i = 1; i < FRAMES; i++)
		frames[i] = (struct md_frame){ .pc = 0x400000 * (1 + i % 2) + 16 * i, .module = (uint16_t)(1 + i % 2) };
	for (uint32_t i = 0; i < STACKS; i++) {
		stack_ids[i] = next;
		numbers[next] = 1 + i % 4;
		for (uint32_t k = 1; k <= numbers[next]; k++)
			numbers[next + k] = 1 + (i * 7 + k) % (FRAMES - 1);
		next += numbers[next] + 1;
	}
	for (int i = 1; i < THREADS; i++)
		threads[i] = (struct md_thread_info){ .tid = 4710 + (uint32_t)i, .name = "worker", .creator = { (uint16_t)(i > 1) }, .created = { stack_ids[i] },
			.alive = i % 2 };
	add_module(1, "/usr/bin/program");
	add_module(2, "/usr/lib/liblibrary.so.1");
	add_ring(0, 100, RING_EVENTS);
	add_ring(1, 130, 10);
}

TestSuite(history_reader, .init = make_file, .timeout = 300);

/* What malloc-debug-history(5) says: whoever changes one of these raises MD_HISTORY_FILE_VERSION. */
Test(history_reader, layout_is_that_of_version_1)
{
	cr_expect_eq(MD_HISTORY_FILE_VERSION, 1);
	cr_expect_eq(offsetof(struct md_history_file_header, process_start), 56);
	cr_expect_eq(offsetof(struct md_history_file_header, lost), 112);
	cr_expect_eq(offsetof(struct md_history_file_header, program), 184);
	cr_expect_eq(offsetof(struct md_history_chunk, bytes), 16);
	cr_expect_eq(offsetof(struct md_history_chunk, check), 32);
	cr_expect_eq(offsetof(struct md_history_module, build_id), 24);
	cr_expect_eq(offsetof(struct md_history_module, path), 56);
	cr_expect_eq(sizeof(struct md_thread_info), 32);
	cr_expect_eq(offsetof(struct md_thread_info, created), 24);
	cr_expect_eq(sizeof(struct md_frame), 16);
	cr_expect_eq(sizeof(struct md_event), 32);
	cr_expect_eq(MD_STACK_CHUNK_BITS, 18);
	cr_expect_eq(MD_FRAME_CHUNK_BITS, 12);
}

/* --- whole ---------------------------------------------------------------------- */

Test(history_reader, reads_what_is_there)
{
	struct md_history_reader reader = { 0 };

	cr_assert_null(md_history_reader_open(&reader, file, file_bytes));
	cr_expect_eq(reader.ring_count, 2);
	cr_expect_eq(reader.bad_events + reader.bad_chunks, 0);
	cr_expect_eq(reader.tick_nanoseconds, 0.5);
	/* All but the one that might be half overwritten, by time. */
	cr_assert_eq(reader.event_count, RING_EVENTS - 1 + 10, "%zu", reader.event_count);
	cr_expect_eq(reader.events[0].time, 1101);
	for (size_t i = 1; i < reader.event_count; i++)
		cr_expect_leq(reader.events[i - 1].time, reader.events[i].time);
	cr_expect(md_history_reader_knows(&reader, (md_stack_id){ stack_ids[3] }));
	cr_expect_not(md_history_reader_knows(&reader, (md_stack_id){ stack_ids[3] + 1000 }));
	cr_expect_str_eq(md_modules_get(reader.modules, 2)->path, "/usr/lib/liblibrary.so.1");
	cr_expect_str_eq(reader.threads[2].name, "worker");

	struct md_history_filter filter = { .begin = 0x1000 * 120 + 60, .end = 0x1000 * 120 + 61 };

	cr_expect_eq(md_history_reader_select(&reader, &filter), 1);
	cr_expect_eq(md_event_size(&reader.events[0]), 120);
	md_history_reader_close(&reader);
}

Test(history_reader, selects_by_thread_and_number)
{
	struct md_history_reader reader = { 0 };
	struct md_history_filter filter = { .thread = 2, .last = 3 };

	cr_assert_null(md_history_reader_open(&reader, file, file_bytes));
	cr_expect_gt(md_history_reader_select(&reader, &filter), 3);
	cr_assert_eq(reader.event_count, 3);
	cr_expect_eq(md_event_thread(&reader.events[0]).value, 2);
	cr_expect_eq(reader.events[2].time, 1161);
	md_history_reader_close(&reader);
}

static void expect_refused(const char *why)
{
	struct md_history_reader reader = { 0 };
	const char *complaint = md_history_reader_open(&reader, file, file_bytes);

	cr_expect(complaint && strstr(complaint, why), "%s", complaint ? complaint : "read");
	md_history_reader_close(&reader);
	make_file();
}

Test(history_reader, says_why_it_reads_nothing)
{
	struct md_history_file_header *header = (struct md_history_file_header *)file;

	header->magic[0] = 'X';
	expect_refused("not a history file");
	header->endian = 0x04030201;
	expect_refused("order of bytes");
	header->version++;
	expect_refused("another version");
	header->event_bytes = 24;
	expect_refused("another build");
	file_bytes = 100;
	expect_refused("not a history file");
}

/* --- damaged ---------------------------------------------------------------------- */

static void show(struct md_history_reader *reader)
{
	static double seconds[FILE_BYTES_MAX / sizeof(struct md_event)];
	static struct md_stacks_json stacks;
	struct md_stack_printer printer = { .stacks = reader->stacks, .modules = reader->modules };
	struct md_origin origin = { .pid = reader->header.pid, .program = reader->header.program, .host = "", .seconds = -1 };
	struct md_text text;

	md_text_init(&text, text_buffer, sizeof text_buffer, false);
	cr_assert_leq(reader->event_count, sizeof seconds / sizeof *seconds);
	for (size_t i = 0; i < reader->event_count; i++) {
		seconds[i] = (double)(int64_t)(reader->events[i].time - reader->header.start_ticks) * 1e-9;
		md_history_event_text(&text, &reader->events[i], seconds[i], &printer);
		md_stack_text(&text, &printer, (md_stack_id){ reader->events[i].stack });
		if (text.length > sizeof text_buffer / 2)
			text.length = 0;
	}
	for (size_t i = 0; i < MD_THREAD_INFOS_MAX && i < 100; i++)
		if (reader->threads[i].created.value)
			md_stack_site_text(&text, &printer, reader->threads[i].created);
	memset(&stacks, 0, sizeof stacks);
	for (size_t i = 0; i < reader->event_count; i++)
		md_stacks_json_add(&stacks, reader->stacks, (md_stack_id){ reader->events[i].stack });
	struct md_history_list list = { .events = reader->events, .seconds = seconds, .count = reader->event_count, .total = reader->event_count };

	md_text_init(&text, text_buffer, sizeof text_buffer, false);
	md_history_json(&text, &list, &origin, &stacks, &printer, NULL, false);
}

/* As long as there is a header, all that was not damaged is read. Returns how many events. */
static size_t read_and_show(const unsigned char *bytes, size_t count)
{
	struct md_history_reader reader = { 0 };
	/* Of this very length, so that a byte too much is noticed. */
	unsigned char *copy = malloc(count ? count : 1);
	size_t events = 0;

	cr_assert_not_null(copy);
	memcpy(copy, bytes, count);
	if (!md_history_reader_open(&reader, copy, count)) {
		struct md_history_filter filter = { .begin = next_random() % 0x200000, .end = next_random() % 3 ? 0 : 0x200000, .last = next_random() % 2 ? 0 : 7 };

		events = reader.event_count;
		show(&reader);
		md_history_reader_select(&reader, &filter);
	}
	md_history_reader_close(&reader);
	free(copy);
	return events;
}

Test(history_reader, reads_a_cut_file_as_far_as_it_goes)
{
	size_t before = 0;

	random_state = 88172645463325252;
	for (size_t count = 0; count <= file_bytes; count += count < MD_HISTORY_HEADER_BYTES ? 61 : 7) {
		size_t events = read_and_show(file, count);

		/* The ring that has just become whole loses its oldest. */
		cr_assert_geq(events + 1, before, "%zu events of %zu bytes, %zu before", events, count, before);
		before = events;
	}
	cr_expect_geq(before, RING_EVENTS + 8);
}

static void damage(unsigned char *bytes, size_t *count)
{
	static const uint64_t odd[] = { 0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x100000000, 0x7fffffffffffffff, UINT64_MAX };
	size_t at = next_random() % (*count - 8), width = (size_t)1 << next_random() % 4;
	struct md_history_chunk chunk;

	switch (next_random() % 8) {
	case 0:
		bytes[at] ^= (unsigned char)(1 << next_random() % 8);
		break;
	case 1:
		bytes[at] = (unsigned char)next_random();
		break;
	case 2: /* a number that is on some edge */
		at &= ~(width - 1);
		memcpy(bytes + at, &odd[next_random() % (sizeof odd / sizeof *odd)], width);
		break;
	case 3:
		if (*count > MD_HISTORY_HEADER_BYTES + 64)
			*count -= next_random() % (*count - MD_HISTORY_HEADER_BYTES);
		break;
	case 4: /* what is somewhere else, too */
		width = 1 + next_random() % 200;
		if (at + width <= *count)
			memmove(bytes + at, bytes + next_random() % (*count - width), width);
		break;
	default: /* a chunk that is made up, and sound as far as its check goes */
		at = chunks[next_random() % chunk_count];
		if (at + sizeof chunk > *count)
			break;
		memcpy(&chunk, bytes + at, sizeof chunk);
		if (next_random() % 2)
			chunk.kind = (uint32_t)(next_random() % (MD_LASTING_KINDS + 2));
		if (next_random() % 2)
			chunk.index = (uint32_t)odd[next_random() % (sizeof odd / sizeof *odd)];
		if (next_random() % 2)
			chunk.bytes = next_random() % 2 ? odd[next_random() % (sizeof odd / sizeof *odd)] : next_random() % 8192;
		chunk.check = md_history_chunk_check(&chunk);
		memcpy(bytes + at, &chunk, sizeof chunk);
		break;
	}
}

Test(history_reader, trusts_nothing)
{
	static unsigned char bytes[FILE_BYTES_MAX];
	size_t readable = 0;

	random_state = 0x9e3779b97f4a7c15;
	for (int i = 0; i < MUTATIONS; i++) {
		size_t count = file_bytes;

		memcpy(bytes, file, file_bytes);
		for (uint64_t times = 1 + next_random() % 6; times > 0 && count > 16; times--)
			damage(bytes, &count);
		readable += read_and_show(bytes, count) > 0;
	}
	cr_expect_gt(readable, MUTATIONS / 2, "%zu of %d had events left", readable, MUTATIONS);
}
