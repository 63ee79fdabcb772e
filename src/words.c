/* SPDX-License-Identifier: MIT */
#include "src/words.h"

#include <string.h>

#define LETTERS_MAX 40 /* longer than any option name or choice; bounds the table of md_word_distance */
#define PART_MIN 3     /* shorter parts occur in too many words to mean one of them */

static unsigned char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c - 'A' + 'a');
	return c == '-' ? '_' : (unsigned char)c;
}

bool md_word_equal(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a_length != b_length)
		return false;
	for (size_t i = 0; i < a_length; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

static bool is_part_of(const char *part, size_t part_length, const char *word, size_t word_length)
{
	if (part_length < PART_MIN)
		return false;
	for (size_t i = 0; i + part_length <= word_length; i++)
		if (md_word_equal(word + i, part_length, part, part_length))
			return true;
	return false;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The "optimal string alignment" distance: Wagner and Fischer's table, one row at a time, with Damerau's swap of neighbours. */
unsigned md_word_distance(const char *typed, size_t typed_length, const char *word, size_t word_length)
{
	unsigned char rows[3][LETTERS_MAX + 1];
	unsigned char *before = rows[0], *last = rows[1], *row = rows[2];

	if (typed_length > LETTERS_MAX)
		typed_length = LETTERS_MAX;
	if (word_length > LETTERS_MAX)
		word_length = LETTERS_MAX;
	if (md_word_equal(typed, typed_length, word, word_length))
		return 0;
	if (is_part_of(typed, typed_length, word, word_length))
		return 1;
	for (size_t j = 0; j <= word_length; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= typed_length; i++) {
		unsigned char *spare = before;

		before = last;
		last = row;
		row = spare;
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= word_length; j++) {
			unsigned char a = fold(typed[i - 1]), b = fold(word[j - 1]);
			unsigned best = least(least(last[j] + 1u, row[j - 1] + 1u), last[j - 1] + (a == b ? 0u : 1u));

			if (i > 1 && j > 1 && a == fold(word[j - 2]) && b == fold(typed[i - 2]))
				best = least(best, before[j - 2] + 1u);
			row[j] = (unsigned char)best;
		}
	}
	return row[word_length];
}

const char *md_word_next(const char **list, size_t *length)
{
	const char *word = *list;

	if (!word)
		return NULL;
	*length = strcspn(word, ",");
	*list = word[*length] ? word + *length + 1 : NULL;
	return word;
}

size_t md_word_nearest(const char *choices, const char *typed, size_t typed_length, const char **word, size_t *word_length)
{
	size_t nearest = 0, length;
	unsigned nearest_distance = ~0u;
	const char *choice;

	for (size_t i = 0; (choice = md_word_next(&choices, &length)); i++) {
		unsigned distance = typed_length ? md_word_distance(typed, typed_length, choice, length) : 0; /* nothing is like the first */

		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = i;
			*word = choice;
			*word_length = length;
		}
	}
	return nearest;
}

/* Without recursion: on a mismatch only the latest * needs to take one character more. */
bool md_word_matches(const char *pattern, size_t pattern_length, const char *text, size_t text_length)
{
	size_t p = 0, t = 0, star = pattern_length, star_text = 0;

	while (t < text_length) {
		if (p < pattern_length && pattern[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern_length && (pattern[p] == '?' || pattern[p] == text[t])) {
			p++;
			t++;
		} else if (star < pattern_length) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern_length && pattern[p] == '*')
		p++;
	return p == pattern_length;
}
