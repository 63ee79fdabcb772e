/* SPDX-License-Identifier: MIT
 *
 * Maps and histories as JSON: stacks once, groups, and what happens in how little room.
 */
#include <stdio.h>
#include <stdlib.h>

#include "report/history_json.h"
#include "report/map_json.h"
#include "src/error.h"
#include "tests/unit/json_check.h"
#include "tests/unit/report_fixture.h"

static const struct md_origin origin = { .pid = 4711, .program = "/home/user/app", .host = "here", .started = 1700000000, .seconds = 2 };
static const struct md_heap_totals totals = { .live_blocks = 3, .live_bytes = 99 };
static struct md_stacks_json *table;

static void set_up(void)
{
	fixture_init();
	table = calloc(1, sizeof *table);
}

static void tear_down(void)
{
	free(table);
}

TestSuite(map_json, .init = set_up, .fini = tear_down);

static void put_block(struct md_map_writer *writer, const struct md_map_block *block)
{
	md_stacks_json_add(table, stacks, block->stack);
	md_stacks_json_add(table, stacks, block->free_stack);
	md_map_json_block(writer, block);
}

/* A small map, of all that there can be in one. */
static void write_map(struct md_text *text, bool for_page)
{
	struct md_zone_view zone = { .kind = MD_ZONE_TINY, .begin = 0x10000, .end = 0x20000, .slot_bytes = 48, .slot_count = 9, .first_slot = 0x10010,
		.live = 2, .quarantined = 4, .cached = 1, .free = 2, .slots_untouched = 1, .user_bytes = 30 };
	struct md_stack_printer printer = fixture_printer();
	struct md_map_sizes sizes = { 0 };
	struct md_map_writer writer;

	memset(table, 0, sizeof *table);
	md_map_json_begin(&writer, text, &origin, &totals, true, for_page);
	md_stacks_json_add_live(table, stacks, stack_from(0x1000), 16);
	md_stacks_json_add_live(table, stacks, stack_from(0x1000), 0);
	md_stacks_json_add_live(table, stacks, MD_STACK_NONE, 5);
	md_map_sizes_add(&sizes, 16);
	md_map_sizes_add(&sizes, 31);
	md_map_sizes_add(&sizes, 0);
	md_map_sizes_add(&sizes, UINT64_MAX);
	md_map_json_zone_begin(&writer, &zone);
	put_block(&writer, &(struct md_map_block){ .addr = 0x10010, .end = 0x10020, .blocks = 1, .bytes = 16, .state = MD_BLOCK_LIVE, .stack = stack_from(0x1000),
					 .thread = { 1 }, .seconds = 0.5 });
	put_block(&writer, &(struct md_map_block){ .addr = 0x10040, .end = 0x100f0, .blocks = 5, .bytes = 80, .state = MD_BLOCK_QUARANTINED, .states_differ = true,
					 .damaged = true, .stack = stack_from(0x1000), .free_stack = stack_from(0x2000), .seconds = -1 });
	md_map_json_zone_end(&writer);
	md_map_json_zones_end(&writer);
	md_map_json_free_run(&writer, 0x20000, 0x30000, true);
	md_map_json_end(&writer, &sizes, table, &printer, "no helper");
}

Test(map_json, a_map_says_all)
{
	struct md_text text = fixture_text(false);
	char ids[128];

	write_map(&text, false);
	cr_expect(json_is_valid(text.buffer, text.length - 1), "%s", text_string(&text));
	expect_part(&text, "\"type\":\"map\"");
	expect_part(&text, "\"grouped\":true,\"zones\":[{\"begin\":\"0x10000\",\"end\":\"0x20000\",\"kind\":\"tiny\",\"first_slot\":\"0x10010\",\"slot_bytes\":48,\"slots\":9,"
			   "\"live\":2,\"live_bytes\":30,\"quarantined\":4,\"cached\":1,\"free\":2,\"untouched\":1,\"blocks\":[");
	snprintf(ids, sizeof ids, "{\"address\":\"0x10010\",\"bytes\":16,\"state\":\"live\",\"stack\":%u,\"thread\":0,\"seconds\":0.500000}", stack_from(0x1000).value);
	expect_part(&text, ids);
	snprintf(ids, sizeof ids, "\"blocks\":5,\"bytes\":80,\"state\":\"mixed\",\"damaged\":true,\"stack\":%u,\"free_stack\":%u}", stack_from(0x1000).value,
		stack_from(0x2000).value);
	expect_part(&text, ids);
	expect_part(&text, "\"free_runs\":[{\"begin\":\"0x20000\",\"end\":\"0x30000\",\"kept\":true}],\"sizes\":[{\"least\":0,\"blocks\":1,\"bytes\":0},"
			   "{\"least\":16,\"blocks\":2,\"bytes\":47},{\"least\":9223372036854775808,\"blocks\":1,\"bytes\":18446744073709551615}],\"names_missing\":\"no helper\"");
	snprintf(ids, sizeof ids, "{\"id\":%u,\"live_blocks\":2,\"live_bytes\":16,\"frames\":[", stack_from(0x1000).value);
	expect_part(&text, ids);
	snprintf(ids, sizeof ids, "{\"id\":%u,\"frames\":[", stack_from(0x2000).value);
	expect_part(&text, ids);
	expect_part(&text, "\"function\":\"make_name\"");
	expect_no_part(&text, "truncated");
}

/* Both stacks end in the same frames of main and of the C library. */
Test(map_json, stacks_and_frames_are_there_once)
{
	struct md_text text = fixture_text(false);

	write_map(&text, false);
	cr_expect(table->stack_count == 2, "%u stacks", table->stack_count);
	const char *first = strstr(text_string(&text), "\"function\":\"main\"");

	cr_assert(first);
	cr_expect(!strstr(first + 1, "\"function\":\"main\""), "%s", text_string(&text));
}

/* Whatever room there is: valid, with the totals, and it says what is missing. */
Test(map_json, any_room)
{
	struct md_text whole = fixture_text(false);
	size_t bytes;

	write_map(&whole, false);
	bytes = whole.length;
	for (size_t room = 1024; room < 2 * bytes; room += 7) {
		char *buffer = malloc(room);
		struct md_text text;

		md_text_init(&text, buffer, room, false);
		write_map(&text, false);
		cr_assert(json_is_valid(buffer, text.length - 1) && buffer[text.length - 1] == '\n', "room %zu: %.*s", room, (int)text.length, buffer);
		cr_expect(memmem(buffer, text.length, "\"live_bytes\":99", 15), "room %zu: %.*s", room, (int)text.length, buffer);
		cr_expect(text.length == bytes || memmem(buffer, text.length, "\"truncated\":true", 16), "room %zu: %.*s", room, (int)text.length, buffer);
		free(buffer);
	}
}

Test(map_json, pages_have_no_markup)
{
	struct md_text text = fixture_text(false);

	name_frame(frame_at(app, 0x5000), "std::vector<int>::push_back</script>", "/home/user/<b>.cc", 50, 0, false);
	memset(table, 0, sizeof *table);
	struct md_json json;

	md_stacks_json_add(table, stacks, stack_from(0x5000));
	for (int for_page = 0; for_page < 2; for_page++) {
		struct md_stack_printer printer = fixture_printer();

		text.length = 0;
		md_json_init(&json, &text, 0);
		json.for_page = for_page;
		md_json_object(&json, NULL);
		md_stacks_json_put(&json, table, &printer);
		md_json_end(&json);
		cr_expect(json_is_valid(text.buffer, text.length));
		expect_part(&text, for_page ? "std::vector\\u003cint>::push_back\\u003c/script>" : "std::vector<int>::push_back</script>");
		cr_expect((memchr(text.buffer, '<', text.length) == NULL) == for_page);
	}
}

Test(map_json, a_stack_too_many_is_lost_and_said)
{
	for (uint32_t i = 1; i <= MD_STACKS_JSON_STACKS + 1; i++)
		md_stacks_json_add(table, stacks, (md_stack_id){ 0x40000000 + i }); /* unknown ones have no frames */
	cr_expect(table->lost && table->stack_count == MD_STACKS_JSON_STACKS);
	cr_expect(table->frame_count == 0);
}

Test(map_json, a_history)
{
	struct md_event events[3] = {
		md_event_make(MD_EVENT_ALLOC, MD_API_MALLOC, 0x7000, 24, stack_from(0x1000), (md_thread_id){ 1 }, 1),
		md_event_make(MD_EVENT_FREE, MD_API_FREE, 0x7000, 24, stack_from(0x2000), (md_thread_id){ 2 }, 2),
		md_event_make(MD_EVENT_FAILED, MD_API_MALLOC, 0, 1000, MD_STACK_NONE, (md_thread_id){ 1 }, 3),
	};
	double seconds[3] = { 0.25, 0.5, 1 };
	struct md_history_list list = { .events = events, .seconds = seconds, .count = 3, .total = 9, .addr = 0x7000 };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);
	char ids[200];

	events[2].error = MD_ERROR_OUT_OF_MEMORY;
	for (int i = 0; i < 3; i++)
		md_stacks_json_add(table, stacks, (md_stack_id){ events[i].stack });
	md_history_json(&text, &list, &origin, table, &printer, NULL, false);
	cr_expect(json_is_valid(text.buffer, text.length - 1), "%s", text_string(&text));
	expect_part(&text, "\"type\":\"history\"");
	expect_part(&text, "\"address\":\"0x7000\",\"total\":9,\"events\":[");
	snprintf(ids, sizeof ids, "{\"seconds\":0.500000,\"kind\":\"free\",\"function\":\"free\",\"address\":\"0x7000\",\"bytes\":24,\"thread\":1,\"stack\":%u}", stack_from(0x2000).value);
	expect_part(&text, ids);
	expect_part(&text, "{\"seconds\":1.000000,\"kind\":\"failed\",\"function\":\"malloc\",\"address\":\"0x0\",\"bytes\":1000,\"thread\":0,\"error\":\"");
	for (size_t room = 600; room < 2 * text.length; room += 5) {
		char *buffer = malloc(room);
		struct md_text little;

		md_text_init(&little, buffer, room, false);
		md_history_json(&little, &list, &origin, table, &printer, NULL, false);
		cr_assert(json_is_valid(buffer, little.length - 1), "room %zu: %.*s", room, (int)little.length, buffer);
		free(buffer);
	}
}
