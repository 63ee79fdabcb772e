/* SPDX-License-Identifier: MIT */
#include "src/layout.h"

#include "src/os.h"
#include "tests/unit/core_fixture.h"

Test(layout, every_size_gets_the_smallest_class_that_holds_it)
{
	for (size_t size = 1; size <= MD_SLOT_BYTES_MAX; size++) {
		unsigned class_index = md_class_of(size);

		must(class_index < MD_CLASS_COUNT, "%zu: class %u", size, class_index);
		must(md_class_bytes(class_index) >= size, "%zu does not fit class %u of %zu", size, class_index,
			md_class_bytes(class_index));
		must(class_index == 0 || md_class_bytes(class_index - 1) < size, "%zu would fit the class before %u", size, class_index);
	}
	cr_expect(eq(uint, md_class_of(MD_SLOT_BYTES_MAX), MD_CLASS_COUNT - 1));
}

Test(layout, every_class_is_the_class_of_its_own_bytes)
{
	for (unsigned i = 0; i < MD_CLASS_COUNT; i++) {
		must(md_class_of(md_class_bytes(i)) == i, "class %u of %zu bytes", i, md_class_bytes(i));
		must(md_class_bytes(i) % MD_ALIGNMENT == 0, "class %u of %zu bytes", i, md_class_bytes(i));
	}
	cr_expect(eq(sz, md_class_bytes(0), MD_SLOT_BYTES_MIN));
	cr_expect(eq(sz, md_class_bytes(MD_CLASS_COUNT - 1), MD_SLOT_BYTES_MAX));
}

/* From MD_REDZONE_BYTES on: nothing smaller is asked for, a block of no bytes has its red zone too. */
Test(layout, a_slot_wastes_an_eighth_and_sixteen_bytes_at_most)
{
	for (size_t size = MD_REDZONE_BYTES; size <= MD_SLOT_BYTES_MAX; size++) {
		size_t waste = md_class_bytes(md_class_of(size)) - size;

		must(waste <= size / 8 + 16, "%zu wastes %zu", size, waste);
	}
}

Test(layout, the_red_zone_grows_with_the_block)
{
	size_t before = 0;

	for (size_t size = 0; size <= 100000; size++) {
		size_t redzone = md_layout_redzone(size, MD_REDZONE_BYTES);

		must(redzone % 16 == 0 && redzone >= MD_REDZONE_BYTES && redzone <= 2048, "%zu: %zu", size, redzone);
		must(redzone >= before, "%zu: %zu after %zu", size, redzone, before);
		must(redzone == MD_REDZONE_BYTES || redzone <= size / 32, "%zu: %zu", size, redzone);
		must(redzone == 2048 || redzone + 16 > size / 32, "%zu: %zu", size, redzone);
		must(md_layout_redzone(size, 64) == (redzone > 64 ? redzone : 64), "%zu", size);
		must(md_layout_redzone(size, 4096) == 4096, "%zu: what the user asks for is not cut", size);
		before = redzone;
	}
	cr_expect(eq(sz, before, 2048));
	cr_expect(eq(sz, md_layout_redzone(SIZE_MAX, 16), 2048));
}

Test(layout, zones_grow_with_the_class_and_with_use)
{
	for (unsigned i = 0; i < MD_CLASS_COUNT; i++) {
		unsigned before = 0;

		for (unsigned zones = 0; zones < 100; zones++) {
			unsigned units = md_layout_zone_units(i, zones);

			must(units >= before, "class %u: %u units after %u zones, %u before", i, units, zones, before);
			must((units * MD_UNIT_BYTES - 4096) / md_class_bytes(i) >= 8, "class %u: a zone of %u units has hardly a slot", i,
				units);
			must(units * MD_UNIT_BYTES <= 1u << 20, "class %u: %u units are more than md_zone_slot_at takes", i, units);
			before = units;
		}
	}
}

static void large_is_sound(size_t size, size_t alignment, size_t redzone_min)
{
	struct md_large_layout layout;
	size_t redzone = md_layout_redzone(size, redzone_min), counted = alignment < MD_UNIT_BYTES ? alignment : MD_UNIT_BYTES;

	must(md_layout_large(size, alignment, redzone_min, &layout), "%zu aligned to %zu", size, alignment);
	must(layout.user % (counted < 16 ? 16 : counted) == 0, "%zu aligned to %zu: user at %zu", size, alignment, layout.user);
	must(layout.user - layout.front == redzone, "%zu aligned to %zu: front at %zu, user at %zu", size, alignment, layout.front,
		layout.user);
	must(layout.end >= layout.user + size + redzone, "%zu aligned to %zu: end at %zu", size, alignment, layout.end);
	must(layout.end % MD_PAGE_BYTES == 0 && layout.end - (layout.user + size + redzone) < MD_PAGE_BYTES, "%zu: end at %zu", size,
		layout.end);
	must(layout.zone_bytes % MD_UNIT_BYTES == 0 && layout.zone_bytes >= layout.end && layout.zone_bytes - layout.end < MD_UNIT_BYTES,
		"%zu: end at %zu of %zu", size, layout.end, layout.zone_bytes);
}

Test(layout, large_blocks_of_any_size_and_alignment)
{
	static const size_t redzones[] = { 16, 64, 4096 };

	for (size_t r = 0; r < 3; r++) {
		for (size_t alignment = 1; alignment <= (size_t)1 << 30; alignment *= 2) {
			for (unsigned shift = 0; shift <= 46; shift++) {
				size_t power = (size_t)1 << shift;

				large_is_sound(power, alignment, redzones[r]);
				large_is_sound(power - 1, alignment, redzones[r]);
				large_is_sound(power - power / 3, alignment, redzones[r]);
			}
			large_is_sound(0, alignment, redzones[r]);
		}
	}
}

Test(layout, large_blocks_that_no_address_space_holds)
{
	static const size_t sizes[] = { ((size_t)1 << 46) + 1, (size_t)1 << 47, SIZE_MAX / 2, SIZE_MAX - 4096, SIZE_MAX };
	struct md_large_layout layout;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		cr_expect(not(md_layout_large(sizes[i], 16, 16, &layout)));
		cr_expect(not(md_layout_large(16, (size_t)1 << (47 + i), 16, &layout)));
	}
}
