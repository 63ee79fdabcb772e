/* SPDX-License-Identifier: MIT
 *
 * Every function for strings and memory, called once with good arguments and in several ways each. For programs that look at what these
 * functions touch; to be compiled with -fno-builtin, or there are no calls.
 */
#ifndef STRINGS_H
#define STRINGS_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

static volatile size_t sum;

/* Two strings of the same bytes, each up to the end of its block. */
struct pair {
	char *a, *b;
	size_t bytes; /* with the NUL; a multiple of a wide character's for wide() */
	char *room;   /* of another block: three times as much, and 64 */
};

static void search(struct pair p)
{
	sum += (size_t)memchr(p.a, '?', p.bytes);
	sum += (size_t)memchr(p.a, 0, p.bytes);
	sum += (size_t)memrchr(p.a, '?', p.bytes);
	sum += (size_t)memrchr(p.a, 'a', p.bytes);
	sum += (size_t)rawmemchr(p.a, 0);
	sum += (size_t)memmem(p.a, p.bytes, p.b, p.bytes);
	sum += (size_t)memmem(p.a, p.bytes, "xyz", 3);
	sum += strlen(p.a);
	sum += strnlen(p.a, p.bytes);
	sum += strnlen(p.a, p.bytes / 2);
	sum += strnlen(p.a, (size_t)-1);
	sum += (size_t)strchr(p.a, '?');
	sum += (size_t)strchr(p.a, 0);
	sum += (size_t)strrchr(p.a, '?');
	sum += (size_t)strrchr(p.a, 'a');
	sum += (size_t)strchrnul(p.a, '?');
	sum += (size_t)index(p.a, '?');
	sum += (size_t)rindex(p.a, '?');
}

static void search_sets(struct pair p)
{
	sum += strspn(p.a, "abcdefgh");
	sum += strspn(p.a, p.b);
	sum += strcspn(p.a, "?!");
	sum += strcspn("?", p.b);
	sum += (size_t)strpbrk(p.a, "?!");
	sum += (size_t)strpbrk(p.a, p.b);
	sum += (size_t)strstr(p.a, p.b);
	sum += (size_t)strstr(p.a, "ba?");
	sum += (size_t)strcasestr(p.a, "BA?");
}

static void compare(struct pair p)
{
	sum += (size_t)memcmp(p.a, p.b, p.bytes);
	sum += (size_t)bcmp(p.a, p.b, p.bytes);
	sum += (size_t)strcmp(p.a, p.b);
	sum += (size_t)strcmp(p.b, p.a);
	sum += (size_t)strcmp(p.a, p.b + strlen(p.b) / 2);
	sum += (size_t)strcmp(p.a + strlen(p.a) / 2, p.b);
	sum += (size_t)strncmp(p.a, p.b, p.bytes);
	sum += (size_t)strncmp(p.a, p.b, p.bytes / 2);
	sum += (size_t)strncmp(p.a + strlen(p.a) / 2, p.b, p.bytes);
	sum += (size_t)strcasecmp(p.a, p.b);
	sum += (size_t)strcasecmp(p.a + strlen(p.a) / 2, p.b);
	sum += (size_t)strncasecmp(p.a, p.b, p.bytes);
	sum += (size_t)strncasecmp(p.a, p.b + strlen(p.b) / 2, p.bytes / 2);
	sum += (size_t)strcoll(p.a, p.b);
	sum += (size_t)strverscmp(p.a, p.b);
}

static void copy(struct pair p)
{
	memcpy(p.room, p.a, p.bytes);
	mempcpy(p.room, p.a, p.bytes);
	memmove(p.room, p.a, p.bytes);
	memmove(p.a, p.a, p.bytes);
	memccpy(p.room, p.a, 0, p.bytes);
	bcopy(p.a, p.room, p.bytes);
	strcpy(p.room, p.a);
	stpcpy(p.room, p.a);
	strncpy(p.room, p.a, p.bytes);
	stpncpy(p.room, p.a, p.bytes);
	strcat(p.room, p.a);
	p.room[0] = 0;
	strncat(p.room, p.a, p.bytes);
	sum += strxfrm(p.room, p.a, p.bytes);
	free(strdup(p.a));
	free(strndup(p.a, p.bytes / 2));
}

static void write_to(struct pair p)
{
	memcpy(p.b, p.a, p.bytes);
	memset(p.b, 'b', p.bytes);
	bzero(p.b, p.bytes);
	memmove(p.b, p.a, p.bytes);
	memmove(p.b, p.b + p.bytes / 2, p.bytes - p.bytes / 2);
	memmove(p.b + p.bytes / 2, p.b, p.bytes - p.bytes / 2);
	strcpy(p.b, p.a);
	stpcpy(p.b, p.a);
	strncpy(p.b, p.a, p.bytes);
	p.b[0] = 0;
	strcat(p.b, p.a);
	p.b[0] = 0;
	strncat(p.b, p.a, p.bytes);
}

static void wide(struct pair p)
{
	wchar_t *a = (wchar_t *)p.a, *b = (wchar_t *)p.b, *room = (wchar_t *)p.room;
	size_t count = p.bytes / sizeof *a;

	sum += wcslen(a);
	sum += wcsnlen(a, count);
	sum += wcsnlen(a, count / 2);
	sum += (size_t)wcschr(a, L'?');
	sum += (size_t)wcsrchr(a, L'?');
	sum += (size_t)wcschrnul(a, L'?');
	sum += (size_t)wcscmp(a, b);
	sum += (size_t)wcscmp(a + count / 2, b);
	sum += (size_t)wcsncmp(a, b, count);
	sum += (size_t)wcsncmp(a, b + count / 2, count - count / 2);
	sum += (size_t)wcscasecmp(a, b);
	sum += (size_t)wcsncasecmp(a, b, count);
	sum += wcsspn(a, b);
	sum += wcscspn(a, L"?!");
	sum += (size_t)wcspbrk(a, L"?!");
	sum += (size_t)wcsstr(a, b);
	sum += (size_t)wmemchr(a, L'?', count);
	sum += (size_t)wmemcmp(a, b, count);
	wmemcpy(room, a, count);
	wmempcpy(room, a, count);
	wmemmove(room, a, count);
	wcscpy(room, a);
	wcpcpy(room, a);
	wcsncpy(room, a, count);
	wcpncpy(room, a, count);
	wcscat(room, a);
	room[0] = 0;
	wcsncat(room, a, count);
	wcscpy(b, a);
	wmemset(b, L'b', count);
	wmemcpy(b, a, count);
	free(wcsdup(a));
}

static void (*const narrow[])(struct pair) = { search, search_sets, compare, copy, write_to };

/* Letters, and a NUL at the end; unit is the size of a character. */
static void fill(char *block, size_t size, size_t unit)
{
	for (size_t i = 0; i < size; i++)
		block[i] = unit == 1 || i % unit == 0 ? (char)('a' + i % 7) : 0;
	for (size_t i = size - unit; i < size; i++)
		block[i] = 0;
}

#endif
