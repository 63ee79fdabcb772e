/* SPDX-License-Identifier: MIT
 *
 * The wrappers of files and paths.
 */
#define MD_CALLS_TABLE "runtime/calls_file.def"
#include "runtime/calls_generate.h"

/* The mode is handed on whether it was given or not; the C library looks at it only where it was. */
#define OPEN(name, parameters, arguments) \
	int md_check_##name parameters; \
	int md_check_##name parameters \
	{ \
		va_list list; \
		MD_CALLS_SCOPE(name); \
		va_start(list, flags); \
		mode_t mode = va_arg(list, mode_t); \
		va_end(list); \
		if (!md_calls_string(path, SIZE_MAX, 1)) \
			md_calls_bad_string(&scope, path, 1); \
		if (!MD_CALLS_HAS(name)) \
			return -1; \
		int result = md_calls_real.name arguments; \
		md_calls_end(&scope); \
		return result; \
	}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))
