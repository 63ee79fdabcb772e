/* SPDX-License-Identifier: MIT
 *
 * The wrappers of <stdlib.h>, <inttypes.h> and <iconv.h>.
 */
#define MD_CALLS_TABLE "runtime/calls_stdlib.def"
#include "runtime/calls_generate.h"

/* By hand: what was read and written shows in how far the pointers moved. */
MD_CALLS_CHECKED size_t checked_iconv(iconv_t conversion, char **from, size_t *from_bytes, char **to, size_t *to_bytes)
{
	if (!MD_CALLS_HAS(iconv))
		return (size_t)-1;
	MD_CALLS_SCOPE(iconv);
	if (from)
		MD_CALLS_RANGE(MD_ACCESS_WRITE, from, sizeof *from)
	if (to)
		MD_CALLS_RANGE(MD_ACCESS_WRITE, to, sizeof *to)
	char *in = from ? *from : NULL, *out = to ? *to : NULL;

	if (in && from_bytes) {
		MD_CALLS_RANGE(MD_ACCESS_WRITE, from_bytes, sizeof *from_bytes)
		MD_CALLS_MAYBE(MD_ACCESS_READ, in, *from_bytes)
	}
	if (out && to_bytes) {
		MD_CALLS_RANGE(MD_ACCESS_WRITE, to_bytes, sizeof *to_bytes)
		MD_CALLS_MAYBE(MD_ACCESS_WRITE, out, *to_bytes)
	}
	size_t result = md_calls_real.iconv(conversion, from, from_bytes, to, to_bytes);

	if (in && *from > in)
		MD_CALLS_RANGE(MD_ACCESS_READ, in, (size_t)(*from - in))
	if (out && *to > out)
		MD_CALLS_RANGE(MD_ACCESS_WRITE, out, (size_t)(*to - out))
	md_calls_end(&scope);
	return result;
}

size_t md_check_iconv(iconv_t conversion, char **from, size_t *from_bytes, char **to, size_t *to_bytes);
size_t md_check_iconv(iconv_t conversion, char **from, size_t *from_bytes, char **to, size_t *to_bytes)
{
	return checked_iconv(conversion, from, from_bytes, to, to_bytes);
}
