/* SPDX-License-Identifier: MIT
 *
 * Compiled so that no loop here becomes a call of what it is (Makefile).
 */
#include "runtime/calls_own.h"

#include <stdint.h>

#include "runtime/calls_real.h"

/* --- plain -------------------------------------------------------------------- */

void *md_plain_memmove(void *to, const void *from, size_t n)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= n) {
		for (size_t i = 0; i < n; i++)
			out[i] = in[i];
	} else {
		while (n--)
			out[n] = in[n];
	}
	return to;
}

void *md_plain_memcpy(void *to, const void *from, size_t n)
{
	return md_plain_memmove(to, from, n);
}

void *md_plain_memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((unsigned char *)to)[i] = (unsigned char)c;
	return to;
}

int md_plain_memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *left = a, *right = b;

	for (size_t i = 0; i < n; i++)
		if (left[i] != right[i])
			return left[i] - right[i];
	return 0;
}

void *md_plain_memchr(const void *s, int c, size_t n)
{
	for (const unsigned char *at = s; n--; at++)
		if (*at == (unsigned char)c)
			return (void *)at;
	return NULL;
}

void *md_plain_memmem(const void *s, size_t n, const void *what, size_t m)
{
	for (const unsigned char *at = s; n >= m; at++, n--)
		if (!md_plain_memcmp(at, what, m))
			return (void *)at;
	return NULL;
}

size_t md_plain_strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

char *md_plain_stpcpy(char *to, const char *from)
{
	while ((*to = *from))
		to++, from++;
	return to;
}

char *md_plain_strcpy(char *to, const char *from)
{
	md_plain_stpcpy(to, from);
	return to;
}

char *md_plain_strncpy(char *to, const char *from, size_t n)
{
	size_t i = 0;

	for (; i < n && from[i]; i++)
		to[i] = from[i];
	for (; i < n; i++)
		to[i] = '\0';
	return to;
}

int md_plain_strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int md_plain_strcmp(const char *a, const char *b)
{
	return md_plain_strncmp(a, b, SIZE_MAX);
}

char *md_plain_strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *md_plain_strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)last;
}

char *md_plain_strstr(const char *s, const char *what)
{
	size_t n = md_plain_strlen(what);

	for (;; s++) {
		if (!md_plain_strncmp(s, what, n))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

size_t md_plain_strspn(const char *s, const char *set)
{
	size_t n = 0;

	while (s[n] && md_plain_strchr(set, s[n]))
		n++;
	return n;
}

size_t md_plain_strcspn(const char *s, const char *set)
{
	size_t n = 0;

	while (s[n] && !md_plain_strchr(set, s[n]))
		n++;
	return n;
}

size_t md_plain_strlcpy(char *to, const char *from, size_t n)
{
	size_t length = md_plain_strlen(from), copied = length < n ? length : n ? n - 1 : 0;

	for (size_t i = 0; i < copied; i++)
		to[i] = from[i];
	if (n)
		to[copied] = '\0';
	return length;
}

size_t md_plain_strlcat(char *to, const char *from, size_t n)
{
	size_t used = 0;

	while (used < n && to[used])
		used++;
	return used + md_plain_strlcpy(to + used, from, n - used);
}

/* --- our own -------------------------------------------------------------------- */

#define OWN(type, name, parameters, arguments) \
	type md_own_##name parameters; \
	type md_own_##name parameters \
	{ \
		return __builtin_expect(md_calls_real.name != NULL, 1) ? md_calls_real.name arguments : md_plain_##name arguments; \
	}

OWN(void *, memcpy, (void *to, const void *from, size_t n), (to, from, n))
OWN(void *, memmove, (void *to, const void *from, size_t n), (to, from, n))
OWN(void *, memset, (void *to, int c, size_t n), (to, c, n))
OWN(int, memcmp, (const void *a, const void *b, size_t n), (a, b, n))
OWN(void *, memchr, (const void *s, int c, size_t n), (s, c, n))
OWN(void *, memmem, (const void *s, size_t n, const void *what, size_t m), (s, n, what, m))
OWN(size_t, strlen, (const char *s), (s))
OWN(char *, strcpy, (char *to, const char *from), (to, from))
OWN(char *, stpcpy, (char *to, const char *from), (to, from))
OWN(char *, strncpy, (char *to, const char *from, size_t n), (to, from, n))
OWN(int, strcmp, (const char *a, const char *b), (a, b))
OWN(int, strncmp, (const char *a, const char *b, size_t n), (a, b, n))
OWN(char *, strchr, (const char *s, int c), (s, c))
OWN(char *, strrchr, (const char *s, int c), (s, c))
OWN(char *, strstr, (const char *s, const char *what), (s, what))
OWN(size_t, strspn, (const char *s, const char *set), (s, set))
OWN(size_t, strcspn, (const char *s, const char *set), (s, set))

/* Called when the process ends, and in malloc_info: the C library is there. */
int md_own_fflush(FILE *file);
int md_own_fflush(FILE *file)
{
	return md_calls_real.fflush(file);
}

int md_own_fprintf(FILE *file, const char *format, ...);
int md_own_fprintf(FILE *file, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int result = md_calls_real.vfprintf(file, format, list);

	va_end(list);
	return result;
}
