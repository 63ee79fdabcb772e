/* SPDX-License-Identifier: MIT
 *
 * JSON into a bounded buffer, without white space. Always well-formed: what there is no room for is left out as a whole.
 *
 * Each container keeps room for its closing bracket from the moment it is opened. When a value does not fit, `cut` is set and nothing is
 * added from then on. An object that was being written at that moment is taken back when it ends, so that objects are complete or not
 * there;
 * arrays end after their last complete element. The outermost container is never taken back.
 *
 * Strings become valid UTF-8: each byte that is part of no character becomes U+FFFD, control characters and quotes are escaped, and so are
 * U+2028 and U+2029, which some readers take for ends of lines.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_JSON_H
#define MD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/text.h"

#define MD_JSON_DEPTH_MAX 32 /* deeper containers are left out, and count as cut */

struct md_json_level {
	size_t begin; /* length of the text before the container, its comma and its key */
	bool is_object, has_members;
	bool parent_had_members; /* when it was opened */
};

struct md_json {
	struct md_text *text; /* the caller's; only what is behind its length when writing begins is touched */
	size_t reserve;       /* bytes kept free at the end, for what the caller adds last */
	unsigned depth;
	unsigned lost; /* containers that were begun after the cut and not ended */
	bool cut;
	bool for_page; /* set by the caller after md_json_init: '<' in strings is escaped, so that they can stand in a script element of a page */
	struct md_json_level levels[MD_JSON_DEPTH_MAX];
};

/* reserve: see above. */
void md_json_init(struct md_json *json, struct md_text *text, size_t reserve);

/* In all that follow, key is NULL in arrays and for the outermost value, and else the member's name, a C string of plain letters. */
void md_json_object(struct md_json *json, const char *key);
void md_json_array(struct md_json *json, const char *key);
void md_json_end(struct md_json *json); /* of the object or array begun last */

void md_json_string(struct md_json *json, const char *key, const char *string); /* nothing for NULL */
void md_json_string_n(struct md_json *json, const char *key, const char *string, size_t bytes);
void md_json_uint(struct md_json *json, const char *key, uint64_t value);
void md_json_int(struct md_json *json, const char *key, int64_t value);
void md_json_bool(struct md_json *json, const char *key, bool value);
void md_json_seconds(struct md_json *json, const char *key, double seconds); /* six digits; nothing for a time that is unknown (below 0) */
void md_json_address(struct md_json *json, const char *key, uintptr_t addr); /* "0x7f...": readers keep 53 bits of numbers */
void md_json_hex(struct md_json *json, const char *key, const unsigned char *bytes, size_t count);
/* A path as a URI: "file:///home/user/a.c", or a relative reference. */
void md_json_uri(struct md_json *json, const char *key, const char *path);

/* Lets what comes next use the reserve, even after a cut; only in the outermost container. */
void md_json_use_reserve(struct md_json *json);

#endif
