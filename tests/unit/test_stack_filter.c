/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "src/stack_filter.h"
#include "tests/unit/heap_unit.h"

static md_stack_id put(uintptr_t base, const char *path, uintptr_t offset)
{
	uint16_t module = md_modules_put(&heap.modules, &heap.arena, base, base + 0x10000, base, path, NULL, 0);
	struct md_frame frames[] = { { .pc = base + offset, .module = module }, { .pc = base + 8, .module = module } };

	return md_stack_store_put(heap.stacks, frames, 2);
}

static uint64_t key_of(md_stack_id stack)
{
	return md_stack_key(heap.stacks, &heap.modules, stack);
}

Test(stack_filter, a_key_is_that_of_files_and_offsets)
{
	struct md_heap_config config = heap_config_default();

	heap_start(&config);
	uint64_t key = key_of(put(0x100000, "/usr/bin/tool", 0x40));

	must(key != 0, "no key");
	must(key == key_of(put(0x7f0000200000, "/opt/bin/tool", 0x40)), "elsewhere");
	must(key != key_of(put(0x300000, "/usr/bin/tool", 0x48)), "another offset");
	must(key != key_of(put(0x400000, "/usr/bin/toolb", 0x40)), "another file");
	must(key_of(MD_STACK_NONE) == 0, "no stack");
}

Test(stack_filter, lists_may_have_keys)
{
	struct md_heap_config config = heap_config_default();
	static struct md_stack_filter filter;
	static char list[128];

	heap_start(&config);
	md_stack_id stacks[3] = { put(0x100000, "/usr/bin/tool", 0x40), put(0x200000, "/usr/bin/other", 0x40),
		put(0x300000, "/lib/libz.so", 0x40) };

	snprintf(list, sizeof list, "libz*,0x%lx", (unsigned long)key_of(stacks[1]));
	filter.list = list;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 3; i++)
			must(md_stack_filter_passes(&filter, heap.stacks, &heap.modules, stacks[i]) == (i > 0), "%d of %s", i, list);
	must(!md_stack_filter_passes(&filter, heap.stacks, &heap.modules, MD_STACK_NONE), "no stack");
	filter.list = "";
	must(md_stack_filter_passes(&filter, heap.stacks, &heap.modules, stacks[0]), "no list");
}

/* What is asked for each request, without a system. */
Test(failures, conditions_are_those_of_the_options)
{
	struct md_heap_config config = heap_config_default();

	config.failures = (struct md_failures_config){ .after = 3, .count = 2, .size = 50 };
	heap_start(&config);
	for (int i = 0, counting = 0; i < 20; i++) {
		size_t size = i % 2 ? 50 : 49;

		counting += size == 50;
		void *user = heap_malloc(&heap, self, size);

		must((user == NULL) == (size == 50 && (counting == 3 || counting == 4)), "request %d", i);
	}
	must(heap.failures.failed == 2 && self->counters.failed == 2, "counted");
	must(self->findings.count == 0, "what is asked for is no finding");
}

Test(failures, nothing_is_asked_without_options)
{
	struct md_heap_config config = heap_config_default();

	heap_start(&config);
	must(heap.size_asks == (size_t)PTRDIFF_MAX + 1, "every request would be looked at");
}
