/* SPDX-License-Identifier: MIT
 *
 * Words that a person typed: compared, counted off a list, and put beside the right one. Pure functions; no locale: only A-Z and a-z are
 * letters.
 */
#ifndef MD_WORDS_H
#define MD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* True if both are the same word: case, and '-' for '_', do not matter. */
bool md_word_equal(const char *a, size_t a_length, const char *b, size_t b_length);

/* How far typed is from word: letters to insert, delete, change, or swap with their neighbour. A part of a word (of 3 letters or more)
 * counts as 1. Letters beyond the 40th are not looked at. */
unsigned md_word_distance(const char *typed, size_t typed_length, const char *word, size_t word_length);

/* Counts words off a list separated by commas: returns the next one and its length, NULL after the last. list moves on. */
const char *md_word_next(const char **list, size_t *length);

/* Index and text of the word in choices (separated by commas) that is nearest to what was typed. */
size_t md_word_nearest(const char *choices, const char *typed, size_t typed_length, const char **word, size_t *word_length);

/* True if text matches pattern, in which * stands for any text and ? for any one character. Case matters. */
bool md_word_matches(const char *pattern, size_t pattern_length, const char *text, size_t text_length);

#endif
