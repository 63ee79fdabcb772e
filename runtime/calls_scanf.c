/* SPDX-License-Identifier: MIT
 *
 * The wrappers of scanf and its relatives: all go on to the function with a va_list, and look at what was written.
 */
#include "runtime/calls_format.h"
#include "runtime/calls_hand.h"

#define NOTHING
#define READ(p, n) MD_CALLS_RANGE(MD_ACCESS_READ, p, n)
#define READ_STRING(s) \
	if (!md_calls_string(s, SIZE_MAX, 1)) \
		md_calls_bad_string(&scope, s, 1);

/* old: see calls_format.h */
#define BODY(called, real, arguments, before, old) \
	va_list copy; \
	MD_CALLS_SCOPE(called); \
	va_copy(copy, list); \
	before; \
	READ_STRING(format) \
	int result = md_calls_real.real arguments; \
	if (result >= 0) \
		md_calls_scan_format(&scope, format, sizeof *format, old, copy, result); \
	va_end(copy); \
	md_calls_end(&scope);

#define SCAN(name, with_list, parameters, list_parameters, arguments, before, old) \
	int md_check_##name parameters; \
	int md_check_##name parameters \
	{ \
		va_list list; \
		if (!MD_CALLS_HAS(with_list)) \
			return -1; \
		va_start(list, format); \
		BODY(name, with_list, arguments, before, old) \
		va_end(list); \
		return result; \
	} \
	int md_check_##with_list list_parameters; \
	int md_check_##with_list list_parameters \
	{ \
		if (!MD_CALLS_HAS(with_list)) \
			return -1; \
		BODY(with_list, with_list, arguments, before, old) \
		return result; \
	}

SCAN(scanf, vscanf, (const char *format, ...), (const char *format, va_list list),
	(format, list), NOTHING, true)
SCAN(fscanf, vfscanf, (FILE *file, const char *format, ...), (FILE *file, const char *format, va_list list),
	(file, format, list), READ(file, sizeof(int)), true)
SCAN(sscanf, vsscanf, (const char *from, const char *format, ...), (const char *from, const char *format, va_list list),
	(from, format, list), READ_STRING(from), true)
SCAN(__isoc99_scanf, __isoc99_vscanf, (const char *format, ...), (const char *format, va_list list),
	(format, list), NOTHING, false)
SCAN(__isoc99_fscanf, __isoc99_vfscanf, (FILE *file, const char *format, ...), (FILE *file, const char *format, va_list list),
	(file, format, list), READ(file, sizeof(int)), false)
SCAN(__isoc99_sscanf, __isoc99_vsscanf, (const char *from, const char *format, ...), (const char *from, const char *format, va_list list),
	(from, format, list), READ_STRING(from), false)
SCAN(__isoc23_scanf, __isoc23_vscanf, (const char *format, ...), (const char *format, va_list list),
	(format, list), NOTHING, false)
SCAN(__isoc23_fscanf, __isoc23_vfscanf, (FILE *file, const char *format, ...), (FILE *file, const char *format, va_list list),
	(file, format, list), READ(file, sizeof(int)), false)
SCAN(__isoc23_sscanf, __isoc23_vsscanf, (const char *from, const char *format, ...), (const char *from, const char *format, va_list list),
	(from, format, list), READ_STRING(from), false)
