/* SPDX-License-Identifier: MIT */
#include "report/map_json.h"

#include "report/error_json.h"
#include "report/leak_json.h"
#include "report/parts_json.h"

static const char *const kind_names[] = {
	[MD_ZONE_TINY] = "tiny", [MD_ZONE_SMALL] = "small", [MD_ZONE_LARGE] = "large", [MD_ZONE_GUARDED] = "guarded"
};

/* The next part may use all the room but `reserve`, whatever the one before has lost. Only between members of the outermost object. */
static void begin_part(struct md_map_writer *writer, size_t reserve)
{
	writer->cut |= writer->json.cut;
	writer->json.cut = false;
	writer->json.reserve = reserve;
}

void md_map_json_begin(struct md_map_writer *writer, struct md_text *text, const struct md_origin *origin,
	const struct md_heap_totals *totals, bool grouped, bool for_page)
{
	md_json_open(&writer->json, text, "map", origin);
	writer->json.for_page = for_page;
	writer->reserve = writer->json.reserve;
	writer->cut = false;
	md_heap_json(&writer->json, totals);
	if (grouped)
		md_json_bool(&writer->json, "grouped", true);
	begin_part(writer, writer->reserve + text->capacity / 3); /* for free runs and stacks */
	md_json_array(&writer->json, "zones");
}

void md_map_json_zone_begin(struct md_map_writer *writer, const struct md_zone_view *zone)
{
	struct md_json *json = &writer->json;

	md_json_object(json, NULL);
	md_json_address(json, "begin", zone->begin);
	md_json_address(json, "end", zone->end);
	md_json_string(json, "kind", (unsigned)zone->kind < MD_ZONE_KIND_COUNT ? kind_names[zone->kind] : "unknown");
	md_json_address(json, "first_slot", zone->first_slot);
	md_json_uint(json, "slot_bytes", zone->slot_bytes);
	md_json_uint(json, "slots", zone->slot_count);
	md_json_uint(json, "live", zone->live);
	md_json_uint(json, "live_bytes", zone->user_bytes);
	md_json_uint(json, "quarantined", zone->quarantined);
	md_json_uint(json, "cached", zone->cached);
	md_json_uint(json, "free", zone->free);
	md_json_uint(json, "untouched", zone->slots_untouched);
	md_json_array(json, "blocks");
}

void md_map_json_block(struct md_map_writer *writer, const struct md_map_block *block)
{
	struct md_json *json = &writer->json;

	md_json_object(json, NULL);
	md_json_address(json, "address", block->addr);
	if (block->blocks > 1) {
		md_json_address(json, "end", block->end);
		md_json_uint(json, "blocks", block->blocks);
	}
	md_json_uint(json, "bytes", block->bytes);
	md_json_string(json, "state", block->states_differ ? "mixed" : md_state_word(block->state));
	if (block->damaged)
		md_json_bool(json, "damaged", true);
	if (block->stack.value)
		md_json_uint(json, "stack", block->stack.value);
	if (block->free_stack.value)
		md_json_uint(json, "free_stack", block->free_stack.value);
	md_json_thread(json, "thread", block->thread);
	md_json_seconds(json, "seconds", block->seconds);
	md_json_end(json);
}

void md_map_json_zone_end(struct md_map_writer *writer)
{
	md_json_end(&writer->json);
	md_json_end(&writer->json);
}

void md_map_json_zones_end(struct md_map_writer *writer)
{
	md_json_end(&writer->json);
	begin_part(writer, writer->reserve + writer->json.text->capacity / 4);
	md_json_array(&writer->json, "free_runs");
}

void md_map_json_free_run(struct md_map_writer *writer, uintptr_t begin, uintptr_t end, bool dirty)
{
	md_json_object(&writer->json, NULL);
	md_json_address(&writer->json, "begin", begin);
	md_json_address(&writer->json, "end", end);
	md_json_bool(&writer->json, "kept", dirty);
	md_json_end(&writer->json);
}

void md_map_sizes_add(struct md_map_sizes *sizes, uint64_t bytes)
{
	unsigned range = bytes ? 64 - (unsigned)__builtin_clzll(bytes) : 0;

	sizes->blocks[range]++;
	sizes->bytes[range] += bytes;
}

static void put_sizes(struct md_json *json, const struct md_map_sizes *sizes)
{
	md_json_array(json, "sizes");
	for (unsigned range = 0; range < MD_MAP_SIZES; range++) {
		if (!sizes->blocks[range])
			continue;
		md_json_object(json, NULL);
		md_json_uint(json, "least", range ? 1ull << (range - 1) : 0);
		md_json_uint(json, "blocks", sizes->blocks[range]);
		md_json_uint(json, "bytes", sizes->bytes[range]);
		md_json_end(json);
	}
	md_json_end(json);
}

void md_map_json_end(struct md_map_writer *writer, const struct md_map_sizes *sizes, struct md_stacks_json *stacks,
	const struct md_stack_printer *printer, const char *names_missing)
{
	md_json_end(&writer->json);
	begin_part(writer, writer->reserve);
	put_sizes(&writer->json, sizes);
	md_json_string(&writer->json, "names_missing", names_missing);
	md_stacks_json_put(&writer->json, stacks, printer);
	writer->json.cut |= writer->cut || stacks->lost;
	md_json_close(&writer->json);
}
