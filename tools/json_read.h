/* SPDX-License-Identifier: MIT
 *
 * JSON, read strictly: RFC 8259 and nothing beside it. Reports come from other machines and through other hands, so nothing in them is
 * trusted: bad UTF-8, control characters in strings, numbers and words of other spellings, text behind the value and depth above
 * MD_JSON_READ_DEPTH_MAX make the whole text damaged. A value is a tree of nodes in memory of the reader's own, which is used again for the
 * next text; strings have their escapes undone, numbers stay text until they are asked for.
 *
 * NUL in a string (\u0000) becomes U+FFFD, so that strings end at their NUL and nowhere else. Of members of the same name the first counts.
 *
 * Time is proportional to the text. Single-threaded; memory that cannot be had counts as damage ("not enough memory").
 */
#ifndef MD_JSON_READ_H
#define MD_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_JSON_READ_DEPTH_MAX 64

enum md_value_kind { MD_VALUE_NULL, MD_VALUE_BOOL, MD_VALUE_NUMBER, MD_VALUE_STRING, MD_VALUE_ARRAY, MD_VALUE_OBJECT };

struct md_value {
	enum md_value_kind kind;
	bool truth;                   /* MD_VALUE_BOOL */
	const char *name;             /* of a member of an object, NUL-terminated; NULL otherwise */
	const char *text;             /* MD_VALUE_STRING: without quotes and escapes, NUL-terminated; MD_VALUE_NUMBER: as it stood */
	size_t begin, end;            /* where its text stands in what was read */
	size_t count;                 /* of elements or members */
	const struct md_value *first; /* element or member */
	const struct md_value *next;  /* beside it */
};

struct md_json_reader {
	struct md_json_memory *memory; /* for json_read.c */
	const char *problem;           /* of the last text that was damaged */
	size_t problem_at;             /* byte in it, from 0 */
};

/* Reads one value with nothing but white space around it. Values read before are gone. NULL, with problem set, if it is damaged. */
const struct md_value *md_json_read(struct md_json_reader *reader, const char *text, size_t bytes);

void md_json_reader_destroy(struct md_json_reader *reader);

/* All of these take NULL and values of other kinds, and say "not there". */

/* The member of that name, or NULL. */
const struct md_value *md_value_get(const struct md_value *object, const char *name);
/* A member's string; NULL if it has none. */
const char *md_value_string(const struct md_value *object, const char *name);
/* A member's number, if it is a whole one from 0 to 2^64-1. */
bool md_value_uint(const struct md_value *object, const char *name, uint64_t *value);
uint64_t md_value_uint_or(const struct md_value *object, const char *name, uint64_t otherwise);
/* A member's number; finite ones only. */
bool md_value_double(const struct md_value *object, const char *name, double *value);
/* A member's string of hexadecimal digits after 0x. */
bool md_value_address(const struct md_value *object, const char *name, uint64_t *value);
/* True if the member is true. */
bool md_value_true(const struct md_value *object, const char *name);
/* First element of a member that is an array; NULL if there is none. Goes on with ->next. */
const struct md_value *md_value_elements(const struct md_value *object, const char *name);

#endif
