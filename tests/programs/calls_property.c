/* SPDX-License-Identifier: MIT
 *
 * Random blocks, offsets, lengths and contents go through the functions that are looked at; a simple model says what each call touches, and
 * so how many errors there are to be found. Run by tests/system/test_calls.c with calls=yes:report=no.
 *
 *     calls_property [CASES [SEED]]
 */
// build: -fno-builtin
#include <arpa/inet.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "tests/programs/calls_model.h"

/* --- ranges -------------------------------------------------------------------- */

static void two_ranges(void)
{
	unsigned which = below(6);
	size_t unit = which >= 4 ? 4 : 1;
	struct place to = make(true, unit), from = make(true, unit);
	size_t n = least(to.bytes, from.bytes);
	static const char *const names[] = { "memcpy", "memmove", "mempcpy", "memccpy", "wmemcpy", "wmemmove" };

	what = names[which];
	if (which != 3 || below(2)) {
		maybe_free(&from);
		maybe_free(&to);
	}
	if (which == 3) { /* up to the first 'y' */
		size_t moved = n;

		if (!from.block)
			memset(from.at, 'x', n);

		if (n && !from.freed && from.block && from.at >= from.block && below(2)) {
			size_t at = below(n);

			if (from.at + at < from.block + from.size) {
				from.at[at] = 'y';
				moved = at + 1;
			}
		}
		touch(&from, from.at, moved);
		touch(&to, to.at, moved);
		memccpy(to.at, from.at, 'y', n);
	} else {
		touch(&from, from.at, n);
		touch(&to, to.at, n);
		/* Both in the same memory: memmove may do that. */
		if (!to.block && !from.block && which != 1 && which != 5 && to.at != from.at && labs(to.at - from.at) < (long)n)
			expected++;
		switch (which) {
		case 0: memcpy(to.at, from.at, n); break;
		case 1: memmove(to.at, from.at, n); break;
		case 2: mempcpy(to.at, from.at, n); break;
		case 4: wmemcpy((wchar_t *)to.at, (wchar_t *)from.at, n / 4); break;
		default: wmemmove((wchar_t *)to.at, (wchar_t *)from.at, n / 4);
		}
	}
	drop(&to);
	drop(&from);
}

static void fill(void)
{
	unsigned which = below(4);
	struct place to = make(true, which == 1 ? 4 : 1);
	static const char *const names[] = { "memset", "wmemset", "bzero", "explicit_bzero" };

	what = names[which];
	maybe_free(&to);
	touch(&to, to.at, to.bytes);
	switch (which) {
	case 0: memset(to.at, 1, to.bytes); break;
	case 1: wmemset((wchar_t *)to.at, 1, to.bytes / 4); break;
	case 2: bzero(to.at, to.bytes); break;
	default: explicit_bzero(to.at, to.bytes);
	}
	drop(&to);
}

static bool is_inside(const struct place *place, size_t i)
{
	return !place->block || (place->at + i >= place->block && place->at + i < place->block + place->size);
}

/* Both ranges hold x, but for one byte; what counts is where it is. */
static void compare(void)
{
	struct place a = make(true, 1), b = make(true, 1);
	size_t n = least(a.bytes, b.bytes);

	what = "memcmp";
	if (!a.block)
		memset(a.at, 'x', a.bytes);
	if (!b.block)
		memset(b.at, 'x', b.bytes);
	if (n && a.at >= a.block && below(2)) {
		size_t at = below(n);

		if (is_inside(&a, at))
			a.at[at] = 'y';
	}
	/* The one that leaves its block first is named; both, where they do so together. */
	size_t used = 0;

	while (used < n && is_inside(&a, used) && is_inside(&b, used) && a.at[used] == b.at[used])
		used++;
	used += used < n;
	touch(&a, a.at, used);
	touch(&b, b.at, used);
	sink = (uintptr_t)memcmp(a.at, b.at, n);
	drop(&a);
	drop(&b);
}

static void search(void)
{
	struct place s = make(true, 1);
	unsigned which = below(3);
	static const char *const names[] = { "memchr", "memrchr", "memmem" };

	what = names[which];
	size_t used = s.bytes;

	if (!s.block)
		memset(s.at, 'x', s.bytes);
	if (which != 1 && s.bytes && s.at >= s.block && below(2)) {
		size_t at = below(s.bytes);

		if (!s.block || s.at + at < s.block + s.size) {
			s.at[at] = 'y';
			used = at + 1;
		}
	} else {
		maybe_free(&s);
	}
	touch(&s, s.at, used);
	if (which == 0)
		sink = (uintptr_t)memchr(s.at, 'y', s.bytes);
	else if (which == 1)
		sink = (uintptr_t)memrchr(s.at, 'y', s.bytes);
	else
		sink = (uintptr_t)memmem(s.at, s.bytes, "y", 1);
	drop(&s);
}

/* --- strings ------------------------------------------------------------------- */

/* Functions that read one string to its NUL. */
static void whole_string(void)
{
	size_t length;
	bool ended;
	unsigned which = below(12);
	static const char *const names[] = { "strlen", "strdup", "strrchr", "snprintf %s", "fputs", "strcoll", "strcpy from",
		"stpcpy from", "strcat from",
		"strstr", "getenv", "strxfrm" };
	struct place s = make_string(1, &length, &ended);
	char small[8];

	maybe_free(&s);
	if (which >= 6 && which <= 8 && (s.freed || !ended)) /* there is no telling how much would be copied */
		which = 0;
	what = names[which];
	touch(&s, s.at, length + 1);
	switch (which) {
	case 0: sink = (uintptr_t)strlen(s.at); break;
	case 1: free(strdup(s.at)); break;
	case 2: sink = (uintptr_t)strrchr(s.at, 'q'); break;
	case 3: snprintf(small, sizeof small, "%s%d", s.at, 1); break;
	case 4: {
		static FILE *file;

		if (!file)
			file = fopen("/dev/null", "w");
		fputs(s.at, file);
		break;
	}
	case 5: sink = (uintptr_t)strcoll(s.at, "zz"); break;
	case 6: strcpy(target, s.at); break;
	case 7: stpcpy(target, s.at); break;
	case 8: target[0] = 'k', target[1] = 0, strcat(target, s.at); break;
	case 9: sink = (uintptr_t)strstr(s.at, "qq"); break;
	case 10: getenv(s.at); break;
	default: strxfrm(small, s.at, sizeof small);
	}
	drop(&s);
}

/* Functions that read n characters at most. */
static void part_of_string(void)
{
	size_t length, n;
	bool ended;
	unsigned which = below(6);
	static const char *const names[] = { "strnlen", "strndup", "snprintf %.*s", "strncpy from", "strncat from", "stpncpy from" };
	struct place s = make_string(1, &length, &ended);
	char small[8];

	what = names[which];
	n = below(length + 3);
	maybe_free(&s);
	touch(&s, s.at, least(n, length + 1));
	switch (which) {
	case 0: sink = (uintptr_t)strnlen(s.at, n); break;
	case 1: free(strndup(s.at, n)); break;
	case 2: snprintf(small, sizeof small, "%.*s", (int)n, s.at); break;
	case 3: strncpy(target, s.at, n); break;
	case 4: target[0] = 0, strncat(target, s.at, n); break;
	default: stpncpy(target, s.at, n);
	}
	drop(&s);
}

/* Functions that stop at a character. */
static void until(void)
{
	size_t length, used;
	bool ended;
	unsigned which = below(6);
	static const char *const names[] = { "strchr", "strcspn", "strpbrk", "strspn", "strchrnul", "strsep" };
	struct place s = make_string(1, &length, &ended);

	what = names[which];
	used = length + 1;
	if (length && below(2)) {
		used = below(length) + 1;
		s.at[used - 1] = 'q';
	}
	maybe_free(&s);
	touch(&s, s.at, used);
	switch (which) {
	case 0: sink = (uintptr_t)strchr(s.at, 'q'); break;
	case 1: sink = (uintptr_t)strcspn(s.at, "q!"); break;
	case 2: sink = (uintptr_t)strpbrk(s.at, "!q"); break;
	case 3: sink = (uintptr_t)strspn(s.at, "abc"); break;
	case 4: sink = (uintptr_t)strchrnul(s.at, 'q'); break;
	default: {
		char *rest = s.at;

		if (s.freed || (!ended && used > length)) { /* it would write where it ends */
			sink = (uintptr_t)strchr(s.at, 'q');
			break;
		}
		strsep(&rest, "q");
	}
	}
	drop(&s);
}

/* A string is written to a block: length and NUL are known. */
static void write_string(void)
{
	unsigned which = below(7);
	static const char *const names[] = { "strcpy", "stpcpy", "sprintf", "snprintf", "strncpy", "strcat", "strncat" };
	struct place to = make(true, 1);
	static char source[4096 * 16];
	size_t length = to.bytes ? to.bytes - 1 : 0, n = to.bytes;

	what = names[which];
	if (!to.bytes || length >= sizeof source - 1) {
		drop(&to);
		return;
	}
	memset(source, 's', length);
	source[length] = 0;
	if (which >= 5) { /* the destination's own string has to lie inside */
		if (to.block && (to.at < to.block || to.at >= to.block + to.size)) {
			drop(&to);
			return;
		}
		size_t own = below(least(length, to.block ? (size_t)(to.block + to.size - to.at) - 1 : length) + 1);

		memset(to.at, 'o', own);
		to.at[own] = 0;
		source[length - own] = 0;
		if (to.block && to.at + to.bytes > to.block + to.size)
			touch(&to, to.at + own, to.bytes - own);
	} else {
		maybe_free(&to);
		touch(&to, to.at, n);
	}
	switch (which) {
	case 0: strcpy(to.at, source); break;
	case 1: stpcpy(to.at, source); break;
	case 2: sprintf(to.at, "%s", source); break;
	case 3: snprintf(to.at, n + below(3) * 100, "%s", source); break;
	case 4: strncpy(to.at, source, n); break;
	case 5: strcat(to.at, source); break;
	default: strncat(to.at, source, 1 << 20);
	}
	drop(&to);
}

static void compare_strings(void)
{
	size_t length, first = 0, n;
	bool ended;
	unsigned which = below(3);
	static const char *const names[] = { "strcmp", "strncmp", "strcasecmp" };
	struct place s = make_string(1, &length, &ended);
	static char other[8192 * 8];

	what = names[which];
	if (length + 64 > sizeof other) {
		drop(&s);
		return;
	}
	memcpy(other, s.at, length);
	memset(other + length, 0, 64);
	if (!ended)
		other[length] = 'z', other[length + 1] = 0;
	if (length && below(2)) {
		first = below(length);
		other[first] = 'z';
	} else {
		first = length;
	}
	n = which == 1 ? below(length + 4) : SIZE_MAX;
	maybe_free(&s);
	if (s.freed)
		first = 0;
	touch(&s, s.at, least(n, first + 1));
	if (which == 0)
		sink = (uintptr_t)strcmp(s.at, other);
	else if (which == 1)
		sink = (uintptr_t)strncmp(s.at, other, n);
	else
		sink = (uintptr_t)strcasecmp(other, s.at);
	drop(&s);
}

static void number(void)
{
	struct place s = make(false, 1);
	size_t room = s.block ? (size_t)(s.block + s.size - s.at) : 60, digits = room ? below(least(room, 30) + 1) : 0;
	unsigned which = below(5);
	static const char *const names[] = { "strtol", "atoi", "strtoull", "strtod", "atof" };

	what = names[which];
	for (size_t i = 0; i < digits; i++)
		s.at[i] = (char)('1' + below(9));
	if (digits < room)
		s.at[digits] = below(2) ? 0 : '!';
	touch(&s, s.at, digits + 1);
	switch (which) {
	case 0: strtol(s.at, NULL, 10); break;
	case 1: sink = (uintptr_t)atoi(s.at); break;
	case 2: strtoull(s.at, NULL, 0); break;
	case 3: strtod(s.at, NULL); break;
	default: sink = (uintptr_t)(long)atof(s.at);
	}
	drop(&s);
}

static void wide_string(void)
{
	size_t length;
	bool ended;
	unsigned which = below(7);
	static const char *const names[] = { "wcslen", "wcscpy from", "wcscmp", "wcschr", "wcsncpy", "wcsdup", "swprintf %ls" };
	struct place s = make_string(4, &length, &ended);
	wchar_t *w = (wchar_t *)s.at;

	maybe_free(&s);
	if (which == 1 && (s.freed || !ended))
		which = 0;
	what = names[which];
	size_t n = which == 4 ? below(length + 3) : length + 1, used = which == 2 ? 1 : least(n, length + 1);

	touch(&s, s.at, used * 4);
	switch (which) {
	case 0: sink = (uintptr_t)wcslen(w); break;
	case 1: wcscpy((wchar_t *)(target), w); break;
	case 2: sink = (uintptr_t)wcscmp(w, L"zzz"); break;
	case 3: sink = (uintptr_t)wcschr(w, L'q'); break;
	case 4: wcsncpy((wchar_t *)(target), w, n); break;
	case 5: free(wcsdup(w)); break;
	default: swprintf((wchar_t *)scratch, 64, L"%ls", w);
	}
	drop(&s);
}

static void write_wide(void)
{
	unsigned which = below(3);
	static const char *const names[] = { "wcscpy", "wcsncpy", "swprintf" };
	struct place to = make(true, 4);
	static wchar_t source[1 << 14];
	size_t units = to.bytes / 4;

	what = names[which];
	if (!units || units >= sizeof source / 4) {
		drop(&to);
		return;
	}
	for (size_t i = 0; i + 1 < units; i++)
		source[i] = L's';
	source[units - 1] = 0;
	if (which != 2)
		maybe_free(&to);
	touch(&to, to.at, to.bytes);
	if (which == 0)
		wcscpy((wchar_t *)to.at, source);
	else if (which == 1)
		wcsncpy((wchar_t *)to.at, source, units);
	else
		swprintf((wchar_t *)to.at, units, L"%ls", source);
	drop(&to);
}

/* --- the system, and structs --------------------------------------------------- */

static void input_output(void)
{
	unsigned which = below(10);
	static const char *const names[] = { "read", "write", "pread", "recv", "send", "readv", "writev", "fread", "fwrite", "getrandom" };
	struct place p = make(true, 1);
	struct iovec parts[2] = { { scratch, 3 }, { p.at, p.bytes } };
	static FILE *in, *out;

	if (!in) {
		in = fopen("/dev/zero", "r");
		out = fopen("/dev/null", "w");
	}
	what = names[which];
	if (p.bytes > 4096) {
		drop(&p);
		return;
	}
	maybe_free(&p);
	touch(&p, p.at, p.bytes);
	switch (which) {
	case 0: read(zero, p.at, p.bytes); break;
	case 1: write(null, p.at, p.bytes); break;
	case 2: pread(zero, p.at, p.bytes, 0); break;
	case 3:
		send(pair[0], scratch, p.bytes, 0);
		if (p.bytes)
			recv(pair[1], p.at, p.bytes, 0);
		break;
	case 4:
		send(pair[0], p.at, p.bytes, 0);
		if (p.bytes)
			recv(pair[1], scratch, p.bytes, 0);
		break;
	case 5: readv(zero, parts, 2); break;
	case 6: writev(null, parts, 2); break;
	case 7: fread(p.at, 1, p.bytes, in); break;
	case 8: fwrite(p.at, 1, p.bytes, out); break;
	default: getrandom(p.at, p.bytes, 0);
	}
	drop(&p);
}

/* Less comes than was asked for: what is not touched is no error. */
static void short_input(void)
{
	struct place p = make(true, 1);
	unsigned which = below(3);
	static const char *const names[] = { "read less", "recv less", "fgets" };
	size_t n = p.bytes, come = n ? below(n) : 0;

	what = names[which];
	if (p.at < p.block || (p.block && p.at >= p.block + p.size) || n > 4096 || come < 2) {
		drop(&p);
		return;
	}
	touch(&p, p.at, come);
	memset(scratch, 'i', come);
	if (which == 2) {
		FILE *file = fmemopen(scratch, come - 1, "r");

		fgets(p.at, (int)n, file);
		fclose(file);
	} else {
		send(pair[0], scratch, come, 0);
		if (which == 0)
			read(pair[1], p.at, n);
		else
			recv(pair[1], p.at, n, 0);
	}
	drop(&p);
}

static int by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void structs(void)
{
	unsigned which = below(7);
	static const char *const names[] = { "gmtime_r", "gmtime", "inet_ntop from", "inet_ntop", "sscanf", "qsort", "strftime" };
	static const size_t sizes[] = { sizeof(struct tm), sizeof(time_t), 4, 8, 4, 0, 11 };
	struct place p = make(true, 4);
	size_t n = which == 5 ? p.bytes : sizes[which];
	time_t now = 1700000000;
	char text[64];
	struct tm tm = { .tm_year = 100, .tm_mday = 1 };

	what = names[which];
	/* A struct that begins in the block, or before it, and ends where the block, its slack and its red zone do at the latest. */
	if (p.block && p.at + n > p.block + p.size + GAP)
		p.at = p.block + p.size + GAP - n;
	if (p.block && p.at < p.block - GAP) {
		drop(&p);
		return;
	}
	maybe_free(&p);
	touch(&p, p.at, which == 5 && n < 2 ? 0 : n);
	switch (which) {
	case 0: gmtime_r(&now, (struct tm *)p.at); break;
	case 1:
		if (p.block == NULL || (p.at >= p.block && p.at + 8 <= p.block + p.size && !p.freed))
			*(time_t *)p.at = 5;
		gmtime((time_t *)p.at);
		break;
	case 2: inet_ntop(AF_INET, p.at, text, sizeof text); break;
	case 3: inet_ntop(AF_INET, "\1\2\3\4", p.at, 64); break; /* 1.2.3.4 and its NUL */
	case 4: sscanf("77", "%d", (int *)p.at); break;
	case 5: qsort(p.at, n, 1, by_byte); break;
	default: strftime(p.at, 64, "%Y-%m-%d", &tm);
	}
	drop(&p);
}

static void (*const groups[])(void) = { two_ranges, two_ranges, fill, compare, search, whole_string, part_of_string, until,
	write_string, write_string,
	compare_strings, number, wide_string, write_wide, input_output, short_input, structs };

int main(int argc, char **argv)
{
	long cases = argc > 1 ? atol(argv[1]) : 20000, wrong = 0, bad = 0;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 88172645463325252ull;
	printf("seed %llu\n", (unsigned long long)state);
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (!malloc_debug_active())
		return 3;
	for (long i = 0; i < cases && wrong < 10; i++) {
		uint64_t before = findings(), at_start = state;

		expected = 0;
		groups[below(sizeof groups / sizeof *groups)]();
		uint64_t found = findings() - before;

		bad += found != 0;
		if (found != expected) {
			printf("case %ld (state %llu), %s: %llu found, %u expected\n", i, (unsigned long long)at_start, what,
				(unsigned long long)found,
				expected);
			wrong++;
		}
	}
	/* What the bad calls damaged was put right: nobody finds it once more. */
	uint64_t before = findings();

	malloc_debug_check_all();
	if (findings() != before) {
		printf("%llu found at the end\n", (unsigned long long)(findings() - before));
		wrong++;
	}
	printf("%s, %ld wrong, %s\n", bad > cases / 20 ? "many bad" : "few bad", wrong, wrong ? "FAILED" : "ok");
	return wrong != 0;
}
