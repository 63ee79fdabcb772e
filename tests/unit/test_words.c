/* SPDX-License-Identifier: MIT
 *
 * Words: distances between what was typed and what was meant, lists, patterns.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "src/words.h"

Test(words, distance)
{
	static const struct {
		const char *typed, *word;
		unsigned distance;
	} rows[] = {
		{ "redzone", "redzone", 0 }, { "RED-zone", "red_zone", 0 }, /* case and dashes do not count */
		{ "redzon", "redzone", 1 },                                 /* a part of the word */
		{ "zone", "redzone", 1 },                                   /* and so is this, though 3 letters are missing */
		{ "on", "pause", 5 },                                       /* too short to be taken for a part */
		{ "redzonee", "redzone", 1 },                               /* deletion */
		{ "rexzone", "redzone", 1 },                                /* change */
		{ "redznoe", "redzone", 1 },                                /* two neighbours swapped: one slip, not two */
		{ "", "log", 3 }, { "log", "", 3 }, { "kitten", "sitting", 3 },
		{ "ca", "abc", 3 }, /* no letter is edited twice: 2 would be the unrestricted distance */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned distance = md_word_distance(rows[i].typed, strlen(rows[i].typed), rows[i].word, strlen(rows[i].word));

		cr_expect(eq(uint, distance, rows[i].distance), "%s and %s", rows[i].typed, rows[i].word);
	}
}

/* Only the first 40 letters are looked at, so that the table fits the stack whatever was typed. */
Test(words, distance_of_very_long_words)
{
	char typed[5000];

	memset(typed, 'x', sizeof typed);
	cr_expect(eq(uint, md_word_distance(typed, sizeof typed, "redzone", 7), 40));
	cr_expect(eq(uint, md_word_distance("redzone", 7, typed, sizeof typed), 40));
}

Test(words, equal)
{
	cr_expect(md_word_equal("On-Error", 8, "on_error", 8));
	cr_expect(not(md_word_equal("on_error", 8, "on_erro", 7)));
	cr_expect(not(md_word_equal("on_errar", 8, "on_error", 8)));
	cr_expect(md_word_equal("", 0, "x", 0));
}

Test(words, next_counts_off_a_list)
{
	const char *list = "map,,stats";
	size_t length;

	cr_expect(strncmp(md_word_next(&list, &length), "map", 3) == 0 && length == 3);
	cr_expect(md_word_next(&list, &length) != NULL && length == 0);
	cr_expect(strcmp(md_word_next(&list, &length), "stats") == 0 && length == 5);
	cr_expect(md_word_next(&list, &length) == NULL);
}

Test(words, nearest_of_a_list)
{
	const char *word;
	size_t length;

	cr_expect(eq(sz, md_word_nearest("continue,abort,exit,pause", "abrot", 5, &word, &length), 1));
	cr_expect(strncmp(word, "abort", length) == 0 && length == 5);
	cr_expect(eq(sz, md_word_nearest("map,history,stats", "zzzzzzz", 7, &word, &length),
		0)); /* something is always nearest: the first of equals */
}

/* A pattern of many stars must not take time that grows like a power of their number. */
Test(words, matches_many_stars, .timeout = 2)
{
	static const char pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
	char text[2000];

	memset(text, 'a', sizeof text);
	cr_expect(not(md_word_matches(pattern, sizeof pattern - 1, text, sizeof text)));
	text[sizeof text - 1] = 'b';
	cr_expect(md_word_matches(pattern, sizeof pattern - 1, text, sizeof text));
}
