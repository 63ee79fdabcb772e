/* SPDX-License-Identifier: MIT
 *
 * Every error the library can detect: its enumerator, its stable slug (used in reports, tests, examples and the manual), its title and the
 * mistake that usually leads there. One table: src/error.def.
 */
#ifndef MD_ERROR_H
#define MD_ERROR_H

enum md_error {
#define MD_ERROR(name, slug, title, hint) MD_ERROR_##name,
#include "src/error.def"
#undef MD_ERROR
	MD_ERROR_COUNT
};

/* Requests that fail as specified: MD_ERROR_INVALID_ALIGNMENT and later ones. Silent unless asked for. */
static inline int md_error_is_bad_request(enum md_error error)
{
	return error >= MD_ERROR_INVALID_ALIGNMENT;
}

struct md_error_info {
	const char *slug;  /* "double-free" */
	const char *title; /* "double free" */
	const char *hint;  /* what to look for; a whole sentence */
};

/* Row of one error. An unknown number gives a row that says so; never NULL. */
const struct md_error_info *md_error_info(enum md_error error);

#endif
