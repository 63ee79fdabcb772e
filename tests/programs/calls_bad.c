/* SPDX-License-Identifier: MIT
 *
 * One bad call of one function of the C library: which, is the argument. Without one it lists all, with what their reports have to say; see
 * tests/system/test_calls.c. Some are made again with the functions that fortified programs call (calls_fortified.c).
 */
// build: -fno-builtin
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static char *p, *q;             /* blocks of 10 and 100 bytes */
static char *gone;              /* a block of 20 bytes, freed */
static int *moved;              /* one of 40 bytes, as it was before realloc */
static wchar_t *w;              /* a block of 40 bytes */
static char *volatile text = "hello world"; /* 12 bytes with its NUL */
static volatile size_t twelve = 12;
static volatile uintptr_t sink;
static int zero, null;
static const char ten[] = "0123456789"; /* and a NUL */

static void unended(void) /* p is no string */
{
	memcpy(p, ten, 10);
}

static int compare(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static int print(char *to, size_t n, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int result = n ? vsnprintf(to, n, format, list) : vsprintf(to, format, list);

	va_end(list);
	return result;
}

static FILE *input(const char *content)
{
	static FILE *file;

	file = tmpfile();
	fputs(content, file);
	rewind(file);
	return file;
}

static char *line(void) /* a block of 10 bytes that getline is told to be larger */
{
	return p;
}

#define OVER "directly after the 10-byte block"
#define OVER40 "directly after the 40-byte block"
#define FREED "20-byte block"
#define BEFORE "8 bytes before the 100-byte block"

static const struct row {
	const char *name, *slug, *access, *where;
} rows[] = {
#define BAD(name, slug, access, where, ...) { #name, slug, access, where },
#include "tests/programs/calls_bad.h"
#undef BAD
};

#define BAD(name, slug, access, where, ...) \
	static void bad_##name(void) \
	{ \
		__VA_ARGS__; \
	}
#include "tests/programs/calls_bad.h"
#undef BAD

static void (*const functions[])(void) = {
#define BAD(name, slug, access, where, ...) bad_##name,
#include "tests/programs/calls_bad.h"
#undef BAD
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "death_by_negative_size")) /* not one of the rows: nobody survives it */
		memset(malloc(10), 0, (size_t)-twelve);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (argc < 2) {
			printf("%s|%s|%s|%s\n", rows[i].name, rows[i].slug, rows[i].access, rows[i].where);
		} else if (!strcmp(argv[1], rows[i].name)) {
			setlocale(LC_ALL, "C.UTF-8");
			zero = open("/dev/zero", O_RDONLY);
			null = open("/dev/null", O_WRONLY);
			p = malloc(10), q = malloc(100), gone = malloc(20), w = malloc(40), moved = malloc(40);
			memset(p, 0, 10), memset(q, 0, 100), memset(w, 0, 40), memset(moved, 0, 40), strcpy(gone, "gone");
			free(gone);
			sink = (uintptr_t)realloc(moved, 4000);
			functions[i]();
			puts("went on");
			free(p), free(q), free(w); /* and nothing is said again */
		}
	}
	return 0;
}
