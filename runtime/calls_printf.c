/* SPDX-License-Identifier: MIT
 *
 * The wrappers of printf and its relatives: all go on to the function with a va_list.
 */
#include <limits.h>

#include "runtime/calls_format.h"
#include "runtime/calls_hand.h"

/* The length that a format will print, without printing it. */
static __attribute__((noinline)) int measure(const char *format, va_list list)
{
	int saved = errno;
	va_list copy;

	va_copy(copy, list);
	int length = md_calls_real.vsnprintf(NULL, 0, format, copy);

	va_end(copy);
	errno = saved;
	return length;
}

/* Looks at the destination of an sprintf; n: the most that may be written. bound: no less than the length, if that is known. */
static void look_at_destination(struct md_calls_scope *scope, char *to, size_t n, size_t bound, const char *format, va_list list)
{
	size_t room = md_calls_room(to);

	if (n <= room || bound < room)
		return;
	int length = measure(format, list);
	size_t bytes = length < 0 ? 0 : (size_t)length + 1;

	if (bytes > n)
		bytes = n;
	if (bytes > room)
		md_calls_bad(scope, MD_ACCESS_WRITE, to, bytes);
}

#define NOTHING
#define FORMAT (void)md_calls_print_format(&scope, format, sizeof *format, false, &copy);
#define FORMAT_TO_STRING(n) \
	size_t bound = md_calls_print_format(&scope, format, sizeof *format, (n) > md_calls_room(to), &copy); \
	look_at_destination(&scope, to, n, bound, format, list);
#define DID_WRITE(p, n) MD_CALLS_RANGE(MD_ACCESS_WRITE, p, n)
#define WRITE(p, n) MD_CALLS_RANGE(MD_ACCESS_WRITE, p, n)
#define MAY_WRITE(p, n) MD_CALLS_MAYBE(MD_ACCESS_WRITE, p, n)
#define MAY_WRITE_WIDE(p, n, room) \
	if ((n) > (room)) { /* the function ends the program then, and nothing can be said after it */ \
		WRITE(p, md_calls_product(n, sizeof(wchar_t))) \
	} else { \
		MAY_WRITE(p, md_calls_product(n, sizeof(wchar_t))) \
	}
#define READ(p, n) MD_CALLS_RANGE(MD_ACCESS_READ, p, n)

/* copy: the list once more. */
#define BODY(called, real, arguments, before, after) \
	MD_CALLS_SCOPE(called); \
	before; \
	int result = md_calls_real.real arguments; \
	after; \
	md_calls_end(&scope);

/* The two of a pair: with dots, and with a list. */
#define PRINT_DOTS(name, real, parameters, arguments, before, after) \
	int md_check_##name parameters; \
	int md_check_##name parameters \
	{ \
		va_list list, copy; \
		if (!MD_CALLS_HAS(real)) \
			return -1; \
		va_start(list, format); \
		va_start(copy, format); /* sooner than to copy what was just written */ \
		BODY(name, real, arguments, before, after) \
		va_end(copy); \
		va_end(list); \
		return result; \
	}
#define PRINT_LIST(name, parameters, arguments, before, after) \
	int md_check_##name parameters; \
	int md_check_##name parameters \
	{ \
		va_list copy; \
		if (!MD_CALLS_HAS(name)) \
			return -1; \
		va_copy(copy, list); \
		BODY(name, name, arguments, before, after) \
		va_end(copy); \
		return result; \
	}
#define PRINT_VOID(name, with_list, parameters, list_parameters, arguments) \
	void md_check_##name parameters; \
	void md_check_##name parameters \
	{ \
		va_list list, copy; \
		if (!MD_CALLS_HAS(with_list)) \
			return; \
		MD_CALLS_SCOPE(name); \
		va_start(list, format); \
		va_copy(copy, list); \
		md_calls_print_format(&scope, format, sizeof *format, false, &copy); \
		va_end(copy); \
		md_calls_real.with_list arguments; \
		va_end(list); \
		md_calls_end(&scope); \
	} \
	void md_check_##with_list list_parameters; \
	void md_check_##with_list list_parameters \
	{ \
		va_list copy; \
		if (!MD_CALLS_HAS(with_list)) \
			return; \
		MD_CALLS_SCOPE(with_list); \
		va_copy(copy, list); \
		md_calls_print_format(&scope, format, sizeof *format, false, &copy); \
		va_end(copy); \
		md_calls_real.with_list arguments; \
		md_calls_end(&scope); \
	}

PRINT_DOTS(printf, vprintf, (const char *format, ...),
	(format, list), FORMAT, NOTHING)
PRINT_LIST(vprintf, (const char *format, va_list list),
	(format, list), FORMAT, NOTHING)
PRINT_DOTS(fprintf, vfprintf, (FILE *file, const char *format, ...),
	(file, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_LIST(vfprintf, (FILE *file, const char *format, va_list list),
	(file, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_DOTS(sprintf, vsprintf, (char *to, const char *format, ...),
	(to, format, list), FORMAT_TO_STRING(SIZE_MAX), NOTHING)
PRINT_LIST(vsprintf, (char *to, const char *format, va_list list),
	(to, format, list), FORMAT_TO_STRING(SIZE_MAX), NOTHING)
PRINT_DOTS(snprintf, vsnprintf, (char *to, size_t n, const char *format, ...),
	(to, n, format, list), FORMAT_TO_STRING(n), NOTHING)
PRINT_LIST(vsnprintf, (char *to, size_t n, const char *format, va_list list),
	(to, n, format, list), FORMAT_TO_STRING(n), NOTHING)
PRINT_DOTS(dprintf, vdprintf, (int fd, const char *format, ...),
	(fd, format, list), FORMAT, NOTHING)
PRINT_LIST(vdprintf, (int fd, const char *format, va_list list),
	(fd, format, list), FORMAT, NOTHING)
PRINT_DOTS(asprintf, vasprintf, (char **to, const char *format, ...),
	(to, format, list), FORMAT WRITE(to, sizeof *to), NOTHING)
PRINT_LIST(vasprintf, (char **to, const char *format, va_list list),
	(to, format, list), FORMAT WRITE(to, sizeof *to), NOTHING)
PRINT_DOTS(__asprintf, vasprintf, (char **to, const char *format, ...),
	(to, format, list), FORMAT WRITE(to, sizeof *to), NOTHING)
PRINT_DOTS(__printf_chk, __vprintf_chk, (int flag, const char *format, ...),
	(flag, format, list), FORMAT, NOTHING)
PRINT_LIST(__vprintf_chk, (int flag, const char *format, va_list list),
	(flag, format, list), FORMAT, NOTHING)
PRINT_DOTS(__fprintf_chk, __vfprintf_chk, (FILE *file, int flag, const char *format, ...),
	(file, flag, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_LIST(__vfprintf_chk, (FILE *file, int flag, const char *format, va_list list),
	(file, flag, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_DOTS(__sprintf_chk, __vsprintf_chk, (char *to, int flag, size_t to_bytes, const char *format, ...),
	(to, flag, to_bytes, format, list), FORMAT_TO_STRING(SIZE_MAX), NOTHING)
PRINT_LIST(__vsprintf_chk, (char *to, int flag, size_t to_bytes, const char *format, va_list list),
	(to, flag, to_bytes, format, list), FORMAT_TO_STRING(SIZE_MAX), NOTHING)
PRINT_DOTS(__snprintf_chk, __vsnprintf_chk, (char *to, size_t n, int flag, size_t to_bytes, const char *format, ...),
	(to, n, flag, to_bytes, format, list), FORMAT_TO_STRING(n), NOTHING)
PRINT_LIST(__vsnprintf_chk, (char *to, size_t n, int flag, size_t to_bytes, const char *format, va_list list),
	(to, n, flag, to_bytes, format, list), FORMAT_TO_STRING(n), NOTHING)
PRINT_DOTS(__dprintf_chk, __vdprintf_chk, (int fd, int flag, const char *format, ...),
	(fd, flag, format, list), FORMAT, NOTHING)
PRINT_LIST(__vdprintf_chk, (int fd, int flag, const char *format, va_list list),
	(fd, flag, format, list), FORMAT, NOTHING)
PRINT_DOTS(__asprintf_chk, __vasprintf_chk, (char **to, int flag, const char *format, ...),
	(to, flag, format, list), FORMAT WRITE(to, sizeof *to), NOTHING)
PRINT_LIST(__vasprintf_chk, (char **to, int flag, const char *format, va_list list),
	(to, flag, format, list), FORMAT WRITE(to, sizeof *to), NOTHING)
PRINT_DOTS(wprintf, vwprintf, (const wchar_t *format, ...),
	(format, list), FORMAT, NOTHING)
PRINT_LIST(vwprintf, (const wchar_t *format, va_list list),
	(format, list), FORMAT, NOTHING)
PRINT_DOTS(fwprintf, vfwprintf, (FILE *file, const wchar_t *format, ...),
	(file, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_LIST(vfwprintf, (FILE *file, const wchar_t *format, va_list list),
	(file, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_DOTS(swprintf, vswprintf, (wchar_t *to, size_t n, const wchar_t *format, ...),
	(to, n, format, list), FORMAT MAY_WRITE(to, md_calls_product(n, sizeof *to)),
	if (result >= 0) DID_WRITE(to, ((size_t)result + 1) * sizeof *to))
PRINT_LIST(vswprintf, (wchar_t *to, size_t n, const wchar_t *format, va_list list),
	(to, n, format, list), FORMAT MAY_WRITE(to, md_calls_product(n, sizeof *to)),
	if (result >= 0) DID_WRITE(to, ((size_t)result + 1) * sizeof *to))
PRINT_DOTS(__wprintf_chk, __vwprintf_chk, (int flag, const wchar_t *format, ...),
	(flag, format, list), FORMAT, NOTHING)
PRINT_LIST(__vwprintf_chk, (int flag, const wchar_t *format, va_list list),
	(flag, format, list), FORMAT, NOTHING)
PRINT_DOTS(__fwprintf_chk, __vfwprintf_chk, (FILE *file, int flag, const wchar_t *format, ...),
	(file, flag, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_LIST(__vfwprintf_chk, (FILE *file, int flag, const wchar_t *format, va_list list),
	(file, flag, format, list), FORMAT READ(file, sizeof(int)), NOTHING)
PRINT_DOTS(__swprintf_chk, __vswprintf_chk, (wchar_t *to, size_t n, int flag, size_t to_units, const wchar_t *format, ...),
	(to, n, flag, to_units, format, list), FORMAT MAY_WRITE_WIDE(to, n, to_units),
	if (result >= 0) DID_WRITE(to, ((size_t)result + 1) * sizeof *to))
PRINT_LIST(__vswprintf_chk, (wchar_t *to, size_t n, int flag, size_t to_units, const wchar_t *format, va_list list),
	(to, n, flag, to_units, format, list), FORMAT MAY_WRITE_WIDE(to, n, to_units),
	if (result >= 0) DID_WRITE(to, ((size_t)result + 1) * sizeof *to))
PRINT_VOID(syslog, vsyslog, (int priority, const char *format, ...), (int priority, const char *format, va_list list),
	(priority, format, list))
PRINT_VOID(__syslog_chk, __vsyslog_chk, (int priority, int flag, const char *format, ...),
	(int priority, int flag, const char *format, va_list list), (priority, flag, format, list))
PRINT_VOID(warn, vwarn, (const char *format, ...), (const char *format, va_list list),
	(format, list))
PRINT_VOID(warnx, vwarnx, (const char *format, ...), (const char *format, va_list list),
	(format, list))
PRINT_VOID(err, verr, (int status, const char *format, ...), (int status, const char *format, va_list list),
	(status, format, list))
PRINT_VOID(errx, verrx, (int status, const char *format, ...), (int status, const char *format, va_list list),
	(status, format, list))
