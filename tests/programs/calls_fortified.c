/* SPDX-License-Identifier: MIT
 *
 * Bad calls as a fortified binary makes them, where the compiler does not know the size of the block but uses the checking functions all
 * the same. Used like calls_bad.c.
 */
// build: -fno-builtin
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <wchar.h>

#define UNKNOWN ((size_t)-1)

void *__memcpy_chk(void *, const void *, size_t, size_t);
void *__memmove_chk(void *, const void *, size_t, size_t);
void *__memset_chk(void *, int, size_t, size_t);
void *__mempcpy_chk(void *, const void *, size_t, size_t);
char *__strcpy_chk(char *, const char *, size_t);
char *__stpcpy_chk(char *, const char *, size_t);
char *__strncpy_chk(char *, const char *, size_t, size_t);
char *__strcat_chk(char *, const char *, size_t);
char *__strncat_chk(char *, const char *, size_t, size_t);
int __sprintf_chk(char *, int, size_t, const char *, ...);
int __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
int __fprintf_chk(FILE *, int, const char *, ...);
int __printf_chk(int, const char *, ...);
char *__fgets_chk(char *, size_t, int, FILE *);
size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
ssize_t __read_chk(int, void *, size_t, size_t);
char *__getcwd_chk(char *, size_t, size_t);
char *__realpath_chk(const char *, char *, size_t);
wchar_t *__wcscpy_chk(wchar_t *, const wchar_t *, size_t);
wchar_t *__wmemset_chk(wchar_t *, wchar_t, size_t, size_t);

static char *p, *q, *gone;
static wchar_t *w;
static char *volatile text = "hello world";
static volatile uintptr_t sink;

static FILE *input(void)
{
	FILE *file = tmpfile();

	fputs("hello world and more", file);
	rewind(file);
	return file;
}

#define OVER "directly after the 10-byte block"
#define OVER40 "directly after the 40-byte block"

#define ROWS \
	BAD(memcpy, "heap-buffer-overflow", "WRITE of size 12 * in __memcpy_chk", OVER, __memcpy_chk(p, text, 12, UNKNOWN)) \
	BAD(memcpy_from, "heap-buffer-overflow", "READ of size 12 * in __memcpy_chk", OVER, __memcpy_chk(q, p, 12, 100)) \
	BAD(memmove, "heap-buffer-overflow", "WRITE of size 12 * in __memmove_chk", OVER, __memmove_chk(p, text, 12, UNKNOWN)) \
	BAD(memset, "heap-buffer-overflow", "WRITE of size 12 * in __memset_chk", OVER, __memset_chk(p, 1, 12, UNKNOWN)) \
	BAD(mempcpy, "heap-buffer-overflow", "WRITE of size 12 * in __mempcpy_chk", OVER, __mempcpy_chk(p, text, 12, UNKNOWN)) \
	BAD(strcpy, "heap-buffer-overflow", "WRITE of size 12 * in __strcpy_chk", OVER, __strcpy_chk(p, text, UNKNOWN)) \
	BAD(stpcpy, "heap-buffer-overflow", "WRITE of size 12 * in __stpcpy_chk", OVER, __stpcpy_chk(p, text, UNKNOWN)) \
	BAD(strncpy, "heap-buffer-overflow", "WRITE of size 12 * in __strncpy_chk", OVER, __strncpy_chk(p, "a", 12, UNKNOWN)) \
	BAD(strcat, "heap-buffer-overflow", "WRITE of size 12 * in __strcat_chk", OVER, strcpy(p, "a"); __strcat_chk(p, text, UNKNOWN)) \
	BAD(strncat, "heap-buffer-overflow", "WRITE of size 12 * in __strncat_chk", OVER, strcpy(p, "a"); __strncat_chk(p, text, 20, UNKNOWN)) \
	BAD(sprintf, "heap-buffer-overflow", "WRITE of size 12 * in __sprintf_chk", OVER, __sprintf_chk(p, 1, UNKNOWN, "%s", text)) \
	BAD(snprintf, "heap-buffer-overflow", "WRITE of size 12 * in __snprintf_chk", OVER, __snprintf_chk(p, 100, 1, UNKNOWN, "%s", text)) \
	BAD(fprintf, "heap-use-after-free", "READ of size 1 * in __fprintf_chk", "20-byte block", __fprintf_chk(stderr, 1, "%s", gone)) \
	BAD(fgets, "heap-buffer-overflow", "WRITE of size 21 * in __fgets_chk", OVER, __fgets_chk(p, UNKNOWN, 100, input())) \
	BAD(fread, "heap-buffer-overflow", "WRITE of size 12 * in __fread_chk", OVER, __fread_chk(p, UNKNOWN, 1, 12, input())) \
	BAD(read, "heap-buffer-overflow", "WRITE of size 12 * in __read_chk", OVER, __read_chk(open("/dev/zero", O_RDONLY), p, 12, UNKNOWN)) \
	BAD(getcwd, "heap-buffer-overflow", "WRITE of size 15 * in __getcwd_chk", OVER, chdir("/usr/share/doc"); __getcwd_chk(p, 100, UNKNOWN)) \
	BAD(realpath, "heap-buffer-overflow", "WRITE of size 15 * in __realpath_chk", OVER, __realpath_chk("/usr/share/doc", p, UNKNOWN)) \
	BAD(wcscpy, "heap-buffer-overflow", "WRITE of size 48 * in __wcscpy_chk", OVER40, __wcscpy_chk(w, L"hello world", UNKNOWN)) \
	BAD(wmemset, "heap-buffer-overflow", "WRITE of size 48 * in __wmemset_chk", OVER40, __wmemset_chk(w, 1, 12, UNKNOWN))

#define BAD(name, slug, access, where, ...) \
	static void bad_##name(void) \
	{ \
		__VA_ARGS__; \
	}
ROWS
#undef BAD

static const struct row {
	const char *name, *slug, *access, *where;
	void (*function)(void);
} rows[] = {
#define BAD(name, slug, access, where, ...) { #name, slug, access, where, bad_##name },
	ROWS
#undef BAD
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (argc < 2) {
			printf("%s|%s|%s|%s\n", rows[i].name, rows[i].slug, rows[i].access, rows[i].where);
		} else if (!strcmp(argv[1], rows[i].name)) {
			p = malloc(10), q = malloc(100), w = malloc(40), gone = malloc(20);
			memset(p, 0, 10), memset(q, 0, 100), memset(w, 0, 40), memset(gone, 0, 20);
			free(gone);
			rows[i].function();
			puts("went on");
			free(p), free(q), free(w);
		}
	}
	return 0;
}
