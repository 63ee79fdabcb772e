/* SPDX-License-Identifier: MIT */
#include "src/module.h"

#include <stdio.h>

#include "src/arena.h"
#include "tests/unit/core_fixture.h"

static struct md_arena arena;
static struct md_modules modules;

static void init(void)
{
	md_arena_init(&arena);
	md_modules_init(&modules);
}

TestSuite(module, .init = init);

static uint16_t put(uintptr_t begin, uintptr_t end, const char *path)
{
	return md_modules_put(&modules, &arena, begin, end, begin, path, NULL, 0);
}

Test(module, a_row_keeps_what_it_was_made_of)
{
	static const unsigned char build_id[MD_BUILD_ID_MAX] = { 1, 2, 3, [19] = 20 };
	char path[] = "/lib/libc.so.6";
	uint16_t index = md_modules_put(&modules, &arena, 0x1000, 0x5000, 0x800, path, build_id, sizeof build_id);
	const struct md_module *row = md_modules_get(&modules, index);

	path[0] = '?'; /* the row has a copy */
	cr_assert(ne(uint, index, MD_MODULE_NONE));
	cr_expect(eq(ulong, row->begin, 0x1000));
	cr_expect(eq(ulong, row->end, 0x5000));
	cr_expect(eq(ulong, row->bias, 0x800));
	cr_expect(eq(str, (char *)row->path, "/lib/libc.so.6"));
	cr_expect(eq(uint, row->build_id_bytes, sizeof build_id));
	cr_expect(eq(int, memcmp(row->build_id, build_id, sizeof build_id), 0));
	cr_expect(eq(uint, atomic_load(&row->unloaded), 0));
}

Test(module, a_build_id_that_is_too_long_is_none)
{
	unsigned char build_id[MD_BUILD_ID_MAX + 1] = { 1 };
	uint16_t index = md_modules_put(&modules, &arena, 0x1000, 0x5000, 0, "a", build_id, sizeof build_id);

	cr_expect(eq(uint, md_modules_get(&modules, index)->build_id_bytes, 0));
}

Test(module, an_address_finds_its_module)
{
	uint16_t one = put(0x1000, 0x2000, "one"), two = put(0x2000, 0x3000, "two"), far = put(0x7f0000000000, 0x7f0000001000, "far");

	cr_expect(ne(uint, one, two));
	cr_expect(eq(uint, md_modules_find(&modules, 0xfff), MD_MODULE_NONE));
	cr_expect(eq(uint, md_modules_find(&modules, 0x1000), one));
	cr_expect(eq(uint, md_modules_find(&modules, 0x1fff), one));
	cr_expect(eq(uint, md_modules_find(&modules, 0x2000), two));
	cr_expect(eq(uint, md_modules_find(&modules, 0x3000), MD_MODULE_NONE));
	cr_expect(eq(uint, md_modules_find(&modules, 0x7f0000000fff), far));
	cr_expect(eq(uint, md_modules_find(&modules, UINTPTR_MAX), MD_MODULE_NONE));
	cr_expect(eq(uint, put(0x1000, 0x2000, "one"), one), "a module that is loaded has one row, however often it is put");
}

Test(module, what_was_unloaded_stays_known_and_is_not_found)
{
	uint16_t old = put(0x1000, 0x2000, "/plugin.so");

	md_modules_mark_unloaded(&modules, 0x1000);
	cr_expect(eq(uint, md_modules_find(&modules, 0x1800), MD_MODULE_NONE));
	cr_expect(eq(str, (char *)md_modules_get(&modules, old)->path, "/plugin.so"));
	cr_expect(eq(uint, atomic_load(&md_modules_get(&modules, old)->unloaded), 1));
	uint16_t other = put(0x1000, 0x2000, "/other.so");

	cr_expect(ne(uint, other, old));
	cr_expect(eq(uint, md_modules_find(&modules, 0x1800), other));
	cr_expect(eq(str, (char *)md_modules_get(&modules, old)->path, "/plugin.so"));
	md_modules_mark_unloaded(&modules, 0x9000); /* nobody's */
	cr_expect(eq(uint, md_modules_find(&modules, 0x1800), other));
}

Test(module, any_number_may_be_asked_for)
{
	cr_expect(eq(str, (char *)md_modules_get(&modules, MD_MODULE_NONE)->path, ""));
	cr_expect(eq(str, (char *)md_modules_get(&modules, 1)->path, ""));
	cr_expect(eq(str, (char *)md_modules_get(&modules, UINT16_MAX)->path, ""));
}

Test(module, a_full_table_takes_no_more)
{
	for (uintptr_t i = 1; i < MD_MODULES_MAX; i++)
		must(put(i << 20, (i << 20) + 0x1000, "module") == i, "row %lu", i);
	cr_expect(eq(uint, put(0x7f0000000000, 0x7f0000001000, "one too many"), MD_MODULE_NONE));
	cr_expect(eq(uint, md_modules_find(&modules, 0x7f0000000000), MD_MODULE_NONE));
	cr_expect(eq(uint, md_modules_find(&modules, (uintptr_t)4095 << 20), 4095));
	cr_expect(eq(uint, put(5 << 20, (5 << 20) + 0x1000, "module"), 5), "a known one is still found");
}

/* No memory for the path: the module is known all the same. */
Test(module, the_system_refuses_memory)
{
	fake_os_refuse_maps(1, UINT64_MAX);
	uint16_t index = put(0x1000, 0x2000, "/lib/libm.so.6");

	cr_expect(ne(uint, index, MD_MODULE_NONE));
	cr_expect(eq(str, (char *)md_modules_get(&modules, index)->path, ""));
}
