/* SPDX-License-Identifier: MIT
 *
 * What the public calls show: zones that merge, owners of an address. Their results are checked by the programs tests/programs/api_*.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

#define FREE_SLOTS "free slots %lu %% fragmented: the largest free run has %lu of %lu"

/* Part of an api_merge output: from the line "=== title ADDRESS" to the next. The address goes to *block. Returns a copy for free(). */
static char *take_section(const char *text, const char *title, unsigned long *block)
{
	char mark[64];

	snprintf(mark, sizeof mark, "=== %s 0x", title);
	const char *begin = strstr(text, mark);
	if (!begin)
		return NULL;
	*block = strtoul(begin + strlen(mark), NULL, 16);
	const char *end = strstr(begin + 3, "===");
	return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

/* The text of the zone that has the address: its line of facts and those that follow up to the next zone. For free(). */
static char *take_zone(const char *map, unsigned long address)
{
	for (const char *at = strstr(map, " zone [0x"); at; at = strstr(at + 1, " zone [0x")) {
		unsigned long begin, end;

		if (sscanf(at, " zone [%lx,%lx)", &begin, &end) != 2 || address < begin || address >= end)
			continue;
		const char *next = strstr(at + 1, " zone [0x");
		return next ? strndup(at, (size_t)(next - at)) : strdup(at);
	}
	return NULL;
}

/* Reads "NUMBER word" from the line of facts: 0 if the word is not there. */
static unsigned long take_number(const char *zone, const char *word)
{
	size_t line = strcspn(zone, "\n");
	char copy[1024], needle[64];

	snprintf(copy, sizeof copy, "%.*s", (int)line, zone);
	snprintf(needle, sizeof needle, " %s", word);
	char *at = strstr(copy, needle);
	if (!at)
		return 0;
	while (at > copy && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return strtoul(at, NULL, 10);
}

/* Allocate, free alternately, free the rest: the zone is one free run again. */
Test(api, the_map_shows_how_free_neighbours_merge, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/api_merge", NULL);
	unsigned long block = 0, fragmented = 0, largest = 0, free_slots = 0;

	cr_assert(result.status == 0, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	char *map = take_section(result.text, "live", &block);
	cr_assert(map, "no map:\n%s", result.text);
	char *zone = take_zone(map, block);
	cr_assert(zone, "no zone has the block %lx:\n%s", block, map);
	unsigned long live = take_number(zone, "live");
	cr_expect(live > 4, "%lu live blocks in:\n%s", live, zone);
	free(zone);
	free(map);

	map = take_section(result.text, "half", &block);
	zone = take_zone(map, block);
	cr_assert(zone, "no zone has the block %lx:\n%s", block, map);
	const char *at = strstr(zone, "free slots ");
	cr_assert(at && sscanf(at, FREE_SLOTS, &fragmented, &largest, &free_slots) == 3, "no free slots:\n%s", zone);
	cr_expect(take_number(zone, "live") < live, "%s", zone);
	cr_expect(take_number(zone, "quarantined") == 0 && take_number(zone, "cached") == 0, "something is held back:\n%s", zone);
	cr_expect(largest < free_slots && fragmented > 0, "not fragmented:\n%s", zone);
	cr_expect(strstr(zone, "#.#.#"), "the picture does not alternate:\n%s", zone);
	free(zone);
	free(map);

	map = take_section(result.text, "merged", &block);
	zone = take_zone(map, block);
	cr_assert(zone, "no zone has the block %lx:\n%s", block, map);
	at = strstr(zone, "free slots ");
	cr_assert(at && sscanf(at, FREE_SLOTS, &fragmented, &largest, &free_slots) == 3, "no free slots:\n%s", zone);
	cr_expect(take_number(zone, "live") == 0, "blocks are live:\n%s", zone);
	cr_expect(fragmented == 0 && largest == free_slots && free_slots >= live, "not one free run:\n%s", zone);
	free(zone);
	free(map);

	run_destroy(&result);
}

/* An empty zone goes back when it is not to be kept. */
Test(api, purge_gives_empty_zones_back, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/api_merge", NULL);
	unsigned long block = 0;

	char *map = take_section(result.text, "merged", &block);
	cr_assert(map, "no map:\n%s", result.text);
	char *zone = take_zone(map, block);
	cr_assert(zone, "no zone has the block %lx:\n%s", block, map);
	free(zone);
	free(map);
	const char *end = strstr(result.text, "=== end");
	cr_assert(end, "no map at the end:\n%s", result.text);
	zone = take_zone(end, block);
	cr_expect(!zone, "the zone is still there:\n%s", zone);
	free(zone);
	run_destroy(&result);
}

Test(api, history_lists_both_owners_of_an_address, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/api_history", NULL);
	const char *at = result.text;

	cr_assert(result.status == 0, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	cr_expect(expect_find(&at, "same address: 1"), "%s", result.text);
	cr_expect(expect_find(&at, "malloc *333 bytes *api_history.c:* in first_owner"), "no first owner:\n%s", result.text);
	cr_expect(expect_find(&at, "free *333 bytes *api_history.c:* in main"), "no free:\n%s", result.text);
	cr_expect(expect_find(&at, "malloc *333 bytes *api_history.c:* in second_owner"), "no second owner:\n%s", result.text);
	cr_expect(expect_find(&at, "events at least 3: 1"), "%s", result.text);
	cr_expect(expect_find(&at, "at most 1: 1"), "%s", result.text);
	at = result.report;
	cr_expect(expect_find(&at, "in second_owner"), "the youngest event is not shown alone:\n%s", result.report);
	cr_expect(!strstr(result.report, "first_owner"), "an older event is shown, too:\n%s", result.report);
	run_destroy(&result);
}

/* Without the library a program that uses the calls runs all the same. */
Test(api, calls_answer_without_the_library, .timeout = 60)
{
	struct run_result result = run_plain("programs/api_no_pie");
	cr_expect(!strcmp(result.text, "active 0, check -38\n"), "%s", result.text); /* -ENOSYS */
	run_destroy(&result);

	result = run_plain("programs/api_cxx");
	cr_expect(strstr(result.text, "active 0, check -38, interior -38, stack -38"), "%s", result.text);
	run_destroy(&result);

	result = run_plain("examples/api_show_map");
	cr_expect(result.status == 0 && !strcmp(result.text, "64 blocks\nevery other one freed\nall freed\ndone\n"), "%s", result.text);
	run_destroy(&result);
}

/* With preset=off the library is there, but malloc is the C library's. */
Test(api, calls_answer_with_preset_off, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/api_no_pie", "preset=off");

	cr_expect(strstr(result.text, "active 0"), "%s", result.text);
	cr_expect(!*result.report, "%s", result.report);
	run_destroy(&result);
}

Test(api, a_linked_program_needs_no_preload, .timeout = 60)
{
	struct run_result result = run_plain("programs/linked");

	cr_expect(!strcmp(result.text, "active 1\n"), "%s", result.text);
	cr_expect(run_count_reports(result.report) == 1, "%s", result.report);
	run_destroy(&result);
}
