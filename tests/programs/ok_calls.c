/* SPDX-License-Identifier: MIT
 *
 * Functions of the C library that touch a block up to its last byte, and pointers to what they do not touch.
 */
// options: calls=yes
// build: -fno-builtin
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "tests/programs/ok.h"

/* A block of exactly these bytes. */
static void *exact(const void *bytes, size_t n)
{
	char *block = malloc(n);

	for (size_t i = 0; i < n; i++)
		block[i] = ((const char *)bytes)[i];
	return block;
}

#define TEXT(s) exact(s, sizeof s)        /* with its NUL */
#define BARE(s) exact(s, sizeof s - 1)    /* without */
#define ROOM(n) ((char *)malloc(n))
#define WIDE(s) ((wchar_t *)exact(s, sizeof s))

static int by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void strings(void)
{
	char *a = TEXT("hello"), *bare = BARE("hello"), *six = ROOM(6), *rest = TEXT("one,two"), *save, *freed = ROOM(10);

	free(freed);
	CHECK(strlen(a) == 5 && strnlen(bare, 5) == 5);
	CHECK(!strcmp(strcpy(six, a), "hello") && stpcpy(six, a) == six + 5);
	CHECK(!strcmp(strcat(strcpy(six, "he"), "llo"), "hello"));
	CHECK(!strcmp(strncat(strcpy(six, "he"), "llooooo", 3), "hello"));
	CHECK(!memcmp(strncpy(six, bare, 5), "hello", 5) && !memcmp(strncpy(six, "h", 6), "h\0\0\0\0\0", 6));
	CHECK(!memcmp(memcpy(six, a, 6), "hello", 6) && !memcmp(memmove(six, a, 6), "hello", 6));
	CHECK(mempcpy(six, a, 6) == six + 6 && memccpy(six, bare, 'o', 100) == six + 5);
	memset(six, 0, 6), bzero(six, 6), explicit_bzero(six, 6);
	/* An end that comes first. */
	CHECK(strcmp(bare, "help") < 0 && strncmp(bare, "hello there", 5) == 0 && strcasecmp(bare, "HEY") < 0 && memcmp(bare, "hey",
		100) < 0);
	CHECK(strchr(bare, 'o') == bare + 4 && memchr(bare, 'o', 100) == bare + 4 && rawmemchr(bare, 'o') == bare + 4 && strchrnul(bare,
		'l') == bare + 2);
	CHECK(strspn(bare, "hel") == 4 && strcspn(bare, "o") == 4 && strpbrk(bare, "o") == bare + 4 && strstr(bare, "llo") == bare + 2);
	CHECK(memmem(bare, 5, "llo", 3) == bare + 2 && memrchr(bare, 'h', 5) == bare && strrchr(a, 'l') == a + 3);
	CHECK(!strcmp(strtok_r(rest, ",", &save), "one") && !strcmp(strtok_r(NULL, ",", &save), "two") && !strtok_r(NULL, ",", &save));
	/* Nothing is touched. */
	memcpy(freed, freed, 0), memset(freed, 1, 0), memmove(a + 6, freed, 0);
	CHECK(memcmp(freed, a, 0) == 0 && strncmp(freed, a, 0) == 0 && strnlen(freed, 0) == 0 && memchr(freed, 1, 0) == NULL);
	CHECK(snprintf(freed, 0, "%s", a) == 5 && snprintf(NULL, 0, "%.0s", freed) == 0 && strncpy(freed, a, 0) == freed);
	memcpy(a, a, 6); /* as compilers do it for an assignment to itself */
	free(strdup(a)), free(strndup(bare, 5));
	free(a), free(bare), free(six), free(rest);
}

static void wide(void)
{
	wchar_t *a = WIDE(L"hello"), *six = malloc(24), *bare = exact(L"hello", 20);
	char *narrow = ROOM(6);

	CHECK(wcslen(a) == 5 && wcsnlen(bare, 5) == 5 && !wcscmp(wcscpy(six, a), L"hello") && wcschr(bare, L'o') == bare + 4);
	CHECK(!wmemcmp(wcsncpy(six, bare, 5), L"hello", 5) && !wcscmp(wcscat(wcscpy(six, L"he"), L"llo"), L"hello"));
	wmemset(six, 1, 6), wmemcpy(six, a, 6), wmemmove(six, a, 6);
	CHECK(wmemchr(bare, L'o', 100) == bare + 4 && wcscmp(bare, L"hey") < 0);
	/* No NUL, and none is asked for; what is wide ends where the room for bytes does. */
	char *text = BARE("hello!");
	wchar_t *wide = exact(L"hello!", 24);
	const char *from = text;
	const wchar_t *wide_from = wide;
	mbstate_t state = { 0 };

	CHECK(mbstowcs(six, text, 6) == 6 && wcstombs(narrow, wide, 6) == 6);
	CHECK(mbsrtowcs(six, &from, 6, &state) == 6 && wcsrtombs(narrow, &wide_from, 6, &state) == 6);
	from = text, wide_from = wide;
	CHECK(mbsnrtowcs(six, &from, 6, 6, &state) == 6 && wcsnrtombs(narrow, &wide_from, 6, 6, &state) == 6);
	from = text, wide_from = wide;
	CHECK(mbsnrtowcs(NULL, &from, 6, 0, &state) == 6 && wcsnrtombs(NULL, &wide_from, 6, 0, &state) == 6);
	free(text), free(wide);
	CHECK(mbstowcs(six, "hello", 6) == 5 && wcstombs(narrow, a, 6) == 5 && wcstombs(narrow, a, 5) == 5);
	CHECK(swprintf(six, 6, L"%s", "hello") == 5 && snprintf(narrow, 6, "%ls", a) == 5);
	free(a), free(six), free(bare), free(narrow);
}

static void formats(void)
{
	char *six = ROOM(6), *bare = BARE("hello"), *number = ROOM(4), *line = ROOM(4);
	int *n = malloc(sizeof *n);
	size_t bytes = 4;
	FILE *file = tmpfile();

	CHECK(sprintf(six, "%s", "hello") == 5 && sprintf(six, "%d%%%c", 123, 'x') == 5 && sprintf(six, "%.5s", bare) == 5);
	CHECK(snprintf(six, 6, "%s", "hello there") == 11 && snprintf(six, 100, "%5d", 1) == 5 && sprintf(six, "%*.*f", 5, 1, 1.0) == 5);
	strcpy(six, "ab");
	CHECK(sprintf(six + 3, "%s", "cd") == 2 && sprintf(number, "%d%n", 123, n) == 3 && *n == 3);
	CHECK(sprintf(six, "%2$s%1$s", "b", "aaaa") == 5);
	CHECK(sscanf("5", "%d x%n", n, (int *)(number + 2)) == 1 && sscanf("5", "%d %n", n, (int *)number) == 1); /* not reached; room */
	CHECK(sscanf("hello 5", "%5s %d", six, n) == 2 && sscanf("abcdef", "%6c", six) == 1 && sscanf("12", "%[0-9]",
		number) == 1 && *n == 5);
	fputs("abc\nabcdefgh\nxy", file), rewind(file);
	CHECK(fgets(six, 6, file) == six && getline(&line, &bytes, file) == 9 && fread(six, 1, 6, file) == 2);
	CHECK(fwrite(bare, 1, 5, file) == 5);
	fclose(file);
	free(six), free(bare), free(number), free(line), free(n);
}

static void system_calls(void)
{
	char *six = ROOM(6), *path = ROOM(5), *address = ROOM(10);
	int pair[2], zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
	struct iovec parts[2] = { { six, 6 }, { six, 3 } };
	struct stat *status = malloc(sizeof *status);

	CHECK(read(zero, six, 6) == 6 && pread(zero, six, 6, 0) == 6 && write(null, six, 6) == 6 && readv(zero, parts,
		2) == 9 && writev(null, parts, 2) == 9);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && send(pair[0], six, 6, 0) == 6 && recv(pair[1], six, 1000,
		MSG_DONTWAIT) == 6);
	CHECK(send(pair[0], six, 2, 0) == 2 && read(pair[1], six, 1 << 20) == 2); /* less came */
	CHECK(read(-1, six, 100) == -1 && errno == EBADF);
	CHECK(chdir("/usr") == 0 && getcwd(path, 5) == path && getcwd(path, 4096) == path && !strcmp(path, "/usr"));
	CHECK(realpath("/usr/", path) == path && stat("/", status) == 0 && fstat(zero, status) == 0);
	CHECK(inet_ntop(AF_INET, "\1\2\3\4", address, 100) && inet_pton(AF_INET, "1.2.3.4", path) == 1 && gethostname(six, 0) != 1);
	close(zero), close(null), close(pair[0]), close(pair[1]);
	free(six), free(path), free(address), free(status);
}

static void others(void)
{
	char *bare = BARE("123!"), *point = BARE("1.5e3x"), *sorted = BARE("cab"), *date = ROOM(11), *ctime_text = ROOM(26),
		*from = BARE("ab");
	time_t *now = malloc(sizeof *now);
	struct tm *tm = malloc(sizeof *tm);
	char *to = ROOM(8), *in = from, *out = to;
	size_t in_bytes = 2, out_bytes = 8;
	iconv_t conversion = iconv_open("UTF-32LE", "UTF-8");

	CHECK(strtol(bare, NULL, 10) == 123 && atoi(bare) == 123 && strtoul(bare, NULL, 0) == 123 && strtod(point, NULL) == 1500);
	qsort(sorted, 3, 1, by_byte), qsort(sorted + 3, 0, 1, by_byte), qsort(sorted + 3, 1, 1, by_byte);
	CHECK(!memcmp(sorted, "abc", 3) && bsearch("b", sorted, 3, 1, by_byte) == sorted + 1);
	*now = 86400;
	CHECK(gmtime_r(now, tm) == tm && strftime(date, 11, "%Y-%m-%d", tm) == 10 && strftime(date, 1000, "%Y-%m-%d",
		tm) == 10 && asctime_r(tm, ctime_text));
	CHECK(timegm(tm) == 86400 && ctime_r(now, ctime_text) == ctime_text);
	CHECK(iconv(conversion, &in, &in_bytes, &out, &out_bytes) == 0 && out == to + 8);
	iconv_close(conversion);
	free(bare), free(point), free(sorted), free(date), free(ctime_text), free(from), free(now), free(tm), free(to);
}

int main(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	strings();
	wide();
	formats();
	system_calls();
	others();
	puts("ok");
	return 0;
}
