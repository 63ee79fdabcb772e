/* SPDX-License-Identifier: MIT
 *
 * report/names.c: what is put for a frame comes back in order, strings are shared, and a full table stays right.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "report/names.h"

static _Alignas(16) unsigned char memory[MD_NAMES_BYTES_MIN + 16];

static struct md_name make_name(const char *function, const char *file, uint32_t line, bool inlined)
{
	return (struct md_name){ .function = function, .file = file, .line = line, .column = line + 1, .inlined = inlined };
}

Test(names, too_little_memory_gives_no_table)
{
	cr_expect(md_names_init(memory, MD_NAMES_BYTES_MIN - 1) == NULL);
	cr_expect(md_names_init(NULL, MD_NAMES_BYTES_MIN) == NULL);
}

Test(names, no_table_holds_nothing_and_takes_nothing)
{
	struct md_name name = make_name("f", "f.c", 1, false);
	struct md_frame frame = { .pc = 1, .module = 1 };

	cr_expect(md_names_put(NULL, frame, &name) == false);
	cr_expect(eq(sz, md_names_get(NULL, frame, &name, 1), 0));
}

Test(names, entries_come_back_in_the_order_they_were_put)
{
	struct md_names *names = md_names_init(memory, MD_NAMES_BYTES_MIN);
	struct md_frame frame = { .pc = 0x1234, .module = 3 };
	struct md_name inner = make_name("inner", "/src/a.h", 7, true), outer = make_name("outer", "/src/a.c", 70, false), got[4];

	cr_assert(md_names_put(names, frame, &inner));
	cr_assert(md_names_put(names, frame, &outer));
	cr_assert(eq(sz, md_names_get(names, frame, got, 4), 2));
	cr_expect(eq(str, (char *)got[0].function, "inner"));
	cr_expect(eq(str, (char *)got[0].file, "/src/a.h"));
	cr_expect(eq(u32, got[0].line, 7));
	cr_expect(eq(u32, got[0].column, 8));
	cr_expect(got[0].inlined);
	cr_expect(eq(str, (char *)got[1].function, "outer"));
	cr_expect(eq(u32, got[1].line, 70));
	cr_expect(not(got[1].inlined));

	cr_expect(eq(sz, md_names_get(names, frame, got, 1), 1), "no more than there is room for");
}

Test(names, frames_of_another_module_or_address_are_other_frames)
{
	struct md_names *names = md_names_init(memory, MD_NAMES_BYTES_MIN);
	struct md_name name = make_name("f", "", 0, false), got;

	cr_assert(md_names_put(names, (struct md_frame){ .pc = 0x1000, .module = 1 }, &name));
	cr_expect(eq(sz, md_names_get(names, (struct md_frame){ .pc = 0x1000, .module = 2 }, &got, 1), 0));
	cr_expect(eq(sz, md_names_get(names, (struct md_frame){ .pc = 0x1001, .module = 1 }, &got, 1), 0));
	cr_expect(eq(sz, md_names_get(names, (struct md_frame){ .pc = 0x1000, .module = 1 }, &got, 1), 1));
	cr_expect(eq(str, (char *)got.file, ""), "an empty string, not NULL");
}

Test(names, strings_are_copied_and_kept_once)
{
	struct md_names *names = md_names_init(memory, MD_NAMES_BYTES_MIN);
	char file[] = "/usr/src/one_file_of_the_program.c";
	struct md_name name = make_name("f", file, 1, false), first, second;

	cr_assert(md_names_put(names, (struct md_frame){ .pc = 1 }, &name));
	cr_assert(md_names_put(names, (struct md_frame){ .pc = 2 }, &name));
	memset(file, 'x', sizeof file - 1);
	md_names_get(names, (struct md_frame){ .pc = 1 }, &first, 1);
	md_names_get(names, (struct md_frame){ .pc = 2 }, &second, 1);
	cr_expect(eq(str, (char *)first.file, "/usr/src/one_file_of_the_program.c"));
	cr_expect(eq(ptr, (void *)first.file, (void *)second.file));
}

Test(names, a_full_table_refuses_and_keeps_what_it_has)
{
	struct md_names *names;
	unsigned put = 0, wrong = 0;
	char function[32];

	memset(memory + MD_NAMES_BYTES_MIN, 0x5a, 16);
	names = md_names_init(memory, MD_NAMES_BYTES_MIN);
	for (;; put++) {
		snprintf(function, sizeof function, "function_%u", put);
		struct md_name name = make_name(function, "/src/file.c", put, false);
		if (!md_names_put(names, (struct md_frame){ .pc = 0x1000 + put, .module = 1 }, &name))
			break;
		cr_assert(lt(u32, put, 1000), "never full");
	}
	cr_expect(gt(u32, put, 30), "4 kB should hold more than that");
	for (unsigned i = 0; i < put; i++) {
		struct md_name got;

		snprintf(function, sizeof function, "function_%u", i);
		if (md_names_get(names, (struct md_frame){ .pc = 0x1000 + i, .module = 1 }, &got, 1) != 1 ||
			strcmp(got.function, function) != 0 || strcmp(got.file, "/src/file.c") != 0 || got.line != i)
			wrong++;
	}
	cr_expect(eq(u32, wrong, 0));
	for (int i = 0; i < 16; i++)
		cr_expect(eq(u8, memory[MD_NAMES_BYTES_MIN + i], 0x5a), "written past the end");
}

Test(names, a_string_longer_than_the_table_is_refused)
{
	static char longer[MD_NAMES_BYTES_MIN + 1];
	struct md_names *names = md_names_init(memory, MD_NAMES_BYTES_MIN);
	struct md_name name = make_name(longer, "", 1, false), got;
	struct md_frame frame = { .pc = 1 };

	memset(longer, 'a', sizeof longer - 1);
	cr_expect(not(md_names_put(names, frame, &name)));
	cr_expect(eq(sz, md_names_get(names, frame, &got, 1), 0));
	name.function = "short";
	cr_expect(md_names_put(names, frame, &name), "the table is as good as before");
}
