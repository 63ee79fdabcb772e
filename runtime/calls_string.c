/* SPDX-License-Identifier: MIT
 *
 * The wrappers of <string.h> and <strings.h>.
 */
#define MD_CALLS_HOT
#define MD_CALLS_TABLE "runtime/calls_string.def"
#include "runtime/calls_generate.h"

/* By hand, because looking for the NUL within the block is all that there is to do. */
MD_CALLS_CHECKED size_t checked_strlen(const char *string)
{
	if (md_unlikely(!md_calls_real.strlen) && !md_calls_resolve())
		return md_plain_strlen(string);
	MD_CALLS_SCOPE(strlen);
	if (!md_calls_string(string, SIZE_MAX, 1))
		md_calls_bad_string(&scope, string, 1);
	size_t result = md_calls_real.strlen(string);

	md_calls_end(&scope);
	return result;
}

static __attribute__((noinline)) size_t looked_strlen(const char *string)
{
	size_t room = md_calls_room(string);

	if (md_unlikely(!md_calls_real.strlen || room == MD_ACCESS_ROOM_OTHER))
		return checked_strlen(string);
	const char *end = room ? md_calls_real.memchr(string, 0, room) : NULL;

	return md_likely(end != NULL) ? (size_t)(end - string) : checked_strlen(string);
}

size_t md_check_strlen(const char *string);
size_t md_check_strlen(const char *string)
{
	size_t room = md_quick_room(string);

	if (md_unlikely(!md_calls_real.strlen))
		return checked_strlen(string);
	if (room == MD_ACCESS_ROOM_OTHER)
		return md_calls_real.strlen(string);
	if (md_likely(room)) {
		unsigned length = md_quick_short_length(string);

		if (length < MD_QUICK_BYTES && length < room)
			return length;
		if (md_quick_ends(string, room))
			return md_calls_real.strlen(string);
	}
	return looked_strlen(string);
}
