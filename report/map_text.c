/* SPDX-License-Identifier: MIT */
#include "report/map_text.h"

#include "report/phrases.h"
#include "report/stats_text.h"

/* What one slot looks like. Untouched and damaged are no states of a block but matter more than its state. */
enum slot_look {
	LOOK_FREE = MD_BLOCK_FREE,
	LOOK_CACHED = MD_BLOCK_CACHED,
	LOOK_LIVE = MD_BLOCK_LIVE,
	LOOK_FREEING = MD_BLOCK_FREEING,
	LOOK_QUARANTINED = MD_BLOCK_QUARANTINED,
	LOOK_UNTOUCHED = MD_BLOCK_STATE_COUNT,
	LOOK_DAMAGED,
	LOOK_COUNT
};

static const struct {
	char sign;
	enum md_color color;
	const char *meaning;
} looks[LOOK_COUNT] = {
	[LOOK_LIVE] = { '#', MD_GREEN, "live" },
	[LOOK_DAMAGED] = { '!', MD_RED, "damaged" },
	[LOOK_FREEING] = { 'f', MD_YELLOW, "being freed" },
	[LOOK_QUARANTINED] = { 'q', MD_CYAN, "quarantined" },
	[LOOK_CACHED] = { 'c', MD_BLUE, "in a thread's cache" },
	[LOOK_FREE] = { '.', MD_PLAIN, "free" },
	[LOOK_UNTOUCHED] = { '-', MD_GREY, "free, never used" },
};

static const char *const kind_names[] = { [MD_ZONE_TINY] = "tiny", [MD_ZONE_SMALL] = "small", [MD_ZONE_LARGE] = "large",
	[MD_ZONE_GUARDED] = "guarded" };

static enum slot_look look_of(const struct md_zone_view *zone, const unsigned char *slot_states, size_t slot)
{
	unsigned state = slot_states[slot] & ~(unsigned)MD_MAP_DAMAGED;

	if (slot_states[slot] & MD_MAP_DAMAGED)
		return LOOK_DAMAGED;
	if (state == MD_BLOCK_FREE && slot >= zone->slot_count - zone->slots_untouched)
		return LOOK_UNTOUCHED;
	return state < MD_BLOCK_STATE_COUNT ? (enum slot_look)state : LOOK_FREE;
}

void md_map_text_begin(struct md_text *text)
{
	md_text_put(text, "Zones of the heap\n");
}

static void put_range(struct md_text *text, uintptr_t begin, uintptr_t end)
{
	md_textf(text, "[%p,%p) ", begin, end);
	md_text_size(text, end - begin);
}

static void put_part(struct md_text *text, size_t count, const char *word)
{
	if (count)
		md_textf(text, ", %lu %s", (uint64_t)count, word);
}

static void put_facts(struct md_text *text, const struct md_zone_view *zone, size_t damaged)
{
	md_text_color(text, MD_BOLD);
	md_textf(text, "%s zone ", (unsigned)zone->kind < MD_ZONE_KIND_COUNT ? kind_names[zone->kind] : "unknown");
	put_range(text, zone->begin, zone->end);
	md_text_color(text, MD_PLAIN);
	if (zone->kind != MD_ZONE_LARGE) {
		md_text_put(text, ", ");
		md_phrase_count(text, zone->slot_count, "slot", "slots");
		md_text_put(text, " of ");
		md_text_size(text, zone->slot_bytes);
	}
	md_textf(text, ": %lu live (", (uint64_t)zone->live);
	md_text_size(text, zone->user_bytes);
	md_text_char(text, ')');
	put_part(text, zone->quarantined, "quarantined");
	put_part(text, zone->cached, "cached");
	put_part(text, zone->free, "free");
	if (zone->slots_untouched)
		md_textf(text, ", %lu of them untouched", (uint64_t)zone->slots_untouched);
	put_part(text, damaged, "damaged");
	md_text_char(text, '\n');
}

/* A run counts across the border between free and untouched: both can serve the same request. */
static size_t largest_free_run(const unsigned char *slot_states, size_t slot_count)
{
	size_t largest = 0, length = 0;

	for (size_t i = 0; i < slot_count; i++) {
		length = slot_states[i] == MD_BLOCK_FREE ? length + 1 : 0;
		if (length > largest)
			largest = length;
	}
	return largest;
}

static void put_slots(struct md_text *text, const struct md_zone_view *zone, const unsigned char *slot_states, size_t from, size_t to)
{
	enum slot_look last = LOOK_COUNT;

	md_textf(text, "  %p  ", zone->first_slot + from * zone->slot_bytes);
	for (size_t i = from; i < to; i++) {
		enum slot_look look = look_of(zone, slot_states, i);

		if (look != last && last != LOOK_COUNT && looks[last].color != MD_PLAIN)
			md_text_color(text, MD_PLAIN);
		if (look != last && looks[look].color != MD_PLAIN)
			md_text_color(text, looks[look].color);
		last = look;
		md_text_char(text, looks[look].sign);
	}
	md_text_color(text, MD_PLAIN);
	md_text_char(text, '\n');
}

/* The look that all slots of a full row share, or LOOK_COUNT. */
static enum slot_look row_look(const struct md_zone_view *zone, const unsigned char *slot_states, size_t from)
{
	if (zone->slot_count - from < MD_MAP_ROW)
		return LOOK_COUNT;
	enum slot_look look = look_of(zone, slot_states, from);

	for (size_t i = 1; i < MD_MAP_ROW; i++)
		if (look_of(zone, slot_states, from + i) != look)
			return LOOK_COUNT;
	return look;
}

static void put_picture(struct md_text *text, const struct md_zone_view *zone, const unsigned char *slot_states)
{
	for (size_t from = 0; from < zone->slot_count && !text->cut;) {
		enum slot_look look = row_look(zone, slot_states, from);
		size_t next = from + MD_MAP_ROW;
		size_t folded = 0;

		put_slots(text, zone, slot_states, from, next < zone->slot_count ? next : zone->slot_count);
		while (look != LOOK_COUNT && next < zone->slot_count && row_look(zone, slot_states, next) == look) {
			next += MD_MAP_ROW;
			folded++;
		}
		if (folded == 1) /* the fold would be as long as the row */
			put_slots(text, zone, slot_states, next - MD_MAP_ROW, next);
		else if (folded)
			md_textf(text, "                  ... %lu more rows of %c\n", (uint64_t)folded, (int)looks[look].sign);
		from = next;
	}
}

static const char *run_word(const struct md_run_view *run)
{
	static const char *const words[MD_BLOCK_STATE_COUNT] = { "free", "cached", "live", "freeing", "quarantined" };

	return (unsigned)run->state < MD_BLOCK_STATE_COUNT ? words[run->state] : "unknown";
}

static void put_runs(struct md_text *text, const struct md_zone_view *zone, const struct md_run_view *runs, size_t run_count)
{
	for (size_t i = 0; i < run_count && i < MD_MAP_RUNS_SHOWN; i++) {
		const struct md_run_view *run = &runs[i];
		size_t from = text->length;

		md_textf(text, "  %s run", run_word(run));
		md_text_pad(text, from, 18);
		put_range(text, run->begin, run->end);
		if (zone->kind != MD_ZONE_LARGE) {
			md_text_put(text, ", ");
			md_phrase_count(text, run->slots, "slot", "slots");
		}
		if (run->state == MD_BLOCK_LIVE || run->state == MD_BLOCK_QUARANTINED)
			md_textf(text, ", %B requested", (uint64_t)run->user_bytes);
		md_text_put(text, run->damaged ? ", damaged\n" : "\n");
	}
	if (run_count > MD_MAP_RUNS_SHOWN)
		md_textf(text, "  ... and %lu more runs\n", (uint64_t)(run_count - MD_MAP_RUNS_SHOWN));
}

void md_map_text_zone(struct md_text *text, const struct md_zone_view *zone, const unsigned char *slot_states,
	const struct md_run_view *runs, size_t run_count)
{
	size_t largest = largest_free_run(slot_states, zone->slot_count);
	size_t damaged = 0;

	for (size_t i = 0; i < zone->slot_count; i++)
		damaged += (slot_states[i] & MD_MAP_DAMAGED) != 0;
	put_facts(text, zone, damaged);
	if (zone->kind != MD_ZONE_LARGE && zone->free)
		md_textf(text, "  free slots %u %% fragmented: the largest free run has %lu of %lu\n",
			md_phrase_fragmentation(largest, zone->free), (uint64_t)largest, (uint64_t)zone->free);
	if (zone->kind != MD_ZONE_LARGE) /* a single slot says no more than the list below */
		put_picture(text, zone, slot_states);
	put_runs(text, zone, runs, run_count);
}

void md_map_text_free_run(struct md_text *text, uintptr_t begin, uintptr_t end, bool dirty)
{
	md_text_color(text, MD_BOLD);
	md_text_put(text, "free run ");
	put_range(text, begin, end);
	md_text_color(text, MD_PLAIN);
	md_text_put(text, dirty ? ", pages kept for reuse\n" : ", pages given back to the system\n");
}

void md_map_text_end(struct md_text *text, const struct md_heap_totals *totals)
{
	static const enum slot_look order[] = { LOOK_LIVE, LOOK_DAMAGED, LOOK_FREEING, LOOK_QUARANTINED, LOOK_CACHED, LOOK_FREE,
		LOOK_UNTOUCHED };

	md_totals_text(text, totals);
	md_text_put(text, "Legend:");
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		md_text_char(text, ' ');
		md_text_color(text, looks[order[i]].color);
		md_text_char(text, looks[order[i]].sign);
		md_text_color(text, MD_PLAIN);
		md_textf(text, " %s%s", looks[order[i]].meaning, i + 1 < sizeof order / sizeof *order ? "," : "\n");
	}
}
