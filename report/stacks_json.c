/* SPDX-License-Identifier: MIT */
#include "report/stacks_json.h"

#include "report/entries.h"
#include "report/parts_json.h"

static uint32_t hash_of(uint64_t value, uint32_t size)
{
	return (uint32_t)((value * 0x9e3779b97f4a7c15ull) >> 32) & (size - 1);
}

/* The number of a frame, which is added if it is new; MD_STACKS_JSON_FRAMES if there is no room. */
static uint32_t frame_number(struct md_stacks_json *table, struct md_frame frame, bool add)
{
	const uint32_t size = 2 * MD_STACKS_JSON_FRAMES;
	uint32_t at = hash_of(frame.pc, size);

	for (uint32_t number; (number = table->frame_slots[at]) != 0; at = (at + 1) & (size - 1))
		if (table->frames[number - 1].pc == frame.pc && table->frames[number - 1].module == frame.module)
			return number - 1;
	if (!add || table->frame_count == MD_STACKS_JSON_FRAMES)
		return MD_STACKS_JSON_FRAMES;
	table->frames[table->frame_count] = frame;
	table->frame_slots[at] = ++table->frame_count;
	return table->frame_count - 1;
}

/* The number of a stack, which is added if it is new; MD_STACKS_JSON_STACKS if there is none, or no room. */
static uint32_t stack_number(struct md_stacks_json *table, const struct md_stack_store *stacks, md_stack_id stack)
{
	const uint32_t size = 2 * MD_STACKS_JSON_STACKS;
	uint32_t at = hash_of(stack.value, size);
	struct md_frame frame;

	if (!stack.value)
		return MD_STACKS_JSON_STACKS;
	for (uint32_t number; (number = table->stack_slots[at]) != 0; at = (at + 1) & (size - 1))
		if (table->stacks[number - 1].value == stack.value)
			return number - 1;
	if (table->stack_count == MD_STACKS_JSON_STACKS) {
		table->lost = true;
		return MD_STACKS_JSON_STACKS;
	}
	table->stacks[table->stack_count] = stack;
	table->stack_slots[at] = ++table->stack_count;
	for (size_t i = 0; md_stack_store_frame(stacks, stack, i, &frame); i++)
		if (frame_number(table, frame, true) == MD_STACKS_JSON_FRAMES)
			table->lost = true;
	return table->stack_count - 1;
}

void md_stacks_json_add(struct md_stacks_json *table, const struct md_stack_store *stacks, md_stack_id stack)
{
	stack_number(table, stacks, stack);
}

void md_stacks_json_add_live(struct md_stacks_json *table, const struct md_stack_store *stacks, md_stack_id stack, uint64_t bytes)
{
	uint32_t number = stack_number(table, stacks, stack);

	if (number == MD_STACKS_JSON_STACKS)
		return;
	table->live_blocks[number]++;
	table->live_bytes[number] += bytes;
}

struct writing {
	struct md_json *json;
	uint32_t entries; /* written so far */
};

static bool put_entry(void *context, const struct md_entry *entry)
{
	struct writing *writing = context;

	md_json_entry(writing->json, entry);
	writing->entries += !writing->json->cut;
	return !writing->json->cut;
}

void md_stacks_json_put(struct md_json *json, struct md_stacks_json *table, const struct md_stack_printer *printer)
{
	struct writing writing = { .json = json };
	uint32_t written = 0;
	struct md_frame frame;

	md_json_array(json, "frames");
	for (; written < table->frame_count && !json->cut; written++) {
		table->entry_first[written] = writing.entries;
		md_entries_of_frame(printer, table->frames[written], put_entry, &writing);
	}
	if (json->cut && written)
		written--; /* the last one is not whole */
	table->entry_first[written] = writing.entries;
	md_json_end(json);

	md_json_array(json, "stacks");
	for (uint32_t i = 0; i < table->stack_count && !json->cut; i++) {
		md_json_object(json, NULL);
		md_json_uint(json, "id", table->stacks[i].value);
		if (table->live_blocks[i]) {
			md_json_uint(json, "live_blocks", table->live_blocks[i]);
			md_json_uint(json, "live_bytes", table->live_bytes[i]);
		}
		md_json_array(json, "frames");
		for (size_t k = 0; md_stack_store_frame(printer->stacks, table->stacks[i], k, &frame); k++) {
			uint32_t number = frame_number(table, frame, false);

			if (number >= written)
				continue;
			for (uint32_t entry = table->entry_first[number]; entry < table->entry_first[number + 1]; entry++)
				md_json_uint(json, NULL, entry);
		}
		md_json_end(json);
		md_json_end(json);
	}
	md_json_end(json);
}
