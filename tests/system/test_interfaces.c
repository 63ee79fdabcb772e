/* SPDX-License-Identifier: MIT
 *
 * Interfaces that programs have from glibc: mcheck and its relatives, malloc_info; and from sanitizers: questions to the
 * allocator.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

/* guard=off: the damage is to be found by mprobe, not by the processor. */
Test(interfaces, mprobe_tells_what_is_wrong_with_a_block, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/mcheck", "guard=off:watch=off:leaks=off");

	cr_assert(result.status == 0, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	cr_expect_str_eq(result.text,
		"before: disabled\nmcheck: 0\ngood: ok\ntold tail\ntail: tail\nrepaired: ok\ntold head\nhead: head\ntold free\nfreed: free\n"
		"told head\nlocal: head\nall:\ntold tail\npedantic:\nmcheck_pedantic: 0\ntold tail\nend\n");
	cr_expect(run_count(result.report, "ERROR: malloc-debug: heap-buffer-overflow") == 2, "%s", result.report);
	cr_expect(run_count(result.report, "ERROR: malloc-debug: heap-buffer-underflow") == 1, "%s", result.report);
	run_destroy(&result);
}

/* The C library of today has no checks of its own without its debugging library: standing back, its answers are handed on. */
Test(interfaces, mprobe_is_the_c_librarys_when_we_stand_back, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/mcheck", "preset=off");

	cr_expect(strstr(result.text, "before: disabled\nmcheck: -1\ngood: disabled\n"), "%s", result.text);
	run_destroy(&result);
}

static unsigned long read_live(const char *xml, unsigned long *blocks)
{
	const char *at = strstr(xml, "<total type=\"live\"");
	unsigned long bytes = 0;

	cr_assert(at && sscanf(at, "<total type=\"live\" count=\"%lu\" size=\"%lu\"/>", blocks, &bytes) == 2, "%s", xml);
	return bytes;
}

/* Elements open and close in pairs, and attributes are quoted: what a parser of XML asks for. */
static void expect_well_formed(const char *xml, const char *end)
{
	const char *open[16];
	size_t lengths[16], depth = 0;

	for (const char *at = xml; at < end && (at = memchr(at, '<', (size_t)(end - at))); at++) {
		const char *close = strchr(at, '>');
		size_t length = strcspn(at + 1, " />");

		cr_assert(close && close < end && depth < 16, "%.200s", at);
		size_t quotes = 0;
		for (const char *c = at; c < close; c++)
			quotes += *c == '"';
		cr_expect(quotes % 2 == 0, "%.*s", (int)(close - at), at);
		if (at[1] == '/') {
			length = strcspn(at + 2, " />");
			cr_assert(depth && lengths[depth - 1] == length && !strncmp(open[depth - 1], at + 2, length), "%.200s", at);
			depth--;
		} else if (close[-1] != '/') {
			open[depth] = at + 1;
			lengths[depth++] = length;
		}
	}
	cr_expect(depth == 0, "%s", xml);
}

Test(interfaces, malloc_info_is_xml_with_true_numbers, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/malloc_info", "leaks=off");
	char *second = strstr(result.text, "=====\n");
	char *third = second ? strstr(second + 1, "=====\n") : NULL;
	unsigned long blocks_before = 0, blocks_after = 0;

	cr_assert(result.status == 0 && third, "status %d\n%s%s", result.status, result.text, result.report);
	cr_expect(!strncmp(result.text, "<malloc version=\"1\"", 19), "%s", result.text);
	expect_well_formed(result.text, second);
	expect_well_formed(second, third);
	unsigned long before = read_live(result.text, &blocks_before), after = read_live(second, &blocks_after);
	cr_expect(after - before == 3000 && blocks_after - blocks_before == 3, "%lu in %lu, then %lu in %lu", before, blocks_before, after, blocks_after);
	cr_expect_str_eq(third, "=====\n-1\n");
	run_destroy(&result);
}

Test(interfaces, sanitizers_questions_to_the_allocator_are_answered, .timeout = 60)
{
	struct run_result plain = run_plain("programs/allocator_interface");
	struct run_result result = run_preloaded("programs/allocator_interface", NULL);
	struct run_result full = run_preloaded("programs/allocator_interface", "preset=full");

	cr_expect_str_eq(plain.text, "none\n");
	cr_expect(result.status == 0 && !strcmp(result.text, "all as expected\n"), "status %d\n%s%s", result.status, result.text, result.report);
	cr_expect(full.status == 0 && !strcmp(full.text, "all as expected\n"), "status %d\n%s%s", full.status, full.text, full.report);
	run_destroy(&plain);
	run_destroy(&result);
	run_destroy(&full);
}
