/* SPDX-License-Identifier: MIT */
#include "src/params.h"

#include "tests/unit/core_fixture.h"

Test(params, product)
{
	size_t half = (size_t)1 << 32, bytes;

	cr_expect(md_params_product(0, SIZE_MAX, &bytes) && bytes == 0);
	cr_expect(md_params_product(SIZE_MAX, 0, &bytes) && bytes == 0);
	cr_expect(md_params_product(SIZE_MAX, 1, &bytes) && bytes == SIZE_MAX);
	cr_expect(md_params_product(half - 1, half + 1, &bytes) && bytes == SIZE_MAX);
	cr_expect(not(md_params_product(half, half, &bytes)));
	cr_expect(not(md_params_product(SIZE_MAX, 2, &bytes)));
	cr_expect(not(md_params_product(SIZE_MAX / 3 + 1, 3, &bytes)));
}

Test(params, sizes_up_to_ptrdiff_max)
{
	cr_expect(md_params_size_ok(0));
	cr_expect(md_params_size_ok(PTRDIFF_MAX));
	cr_expect(not(md_params_size_ok((size_t)PTRDIFF_MAX + 1)));
	cr_expect(not(md_params_size_ok(SIZE_MAX)));
}

Test(params, powers_of_two)
{
	for (unsigned shift = 0; shift < 64; shift++) {
		size_t power = (size_t)1 << shift;

		must(md_is_power_of_two(power), "2^%u", shift);
		must(md_params_posix_alignment_ok(power) == (power >= sizeof(void *)), "2^%u", shift);
		if (shift >= 2) {
			must(!md_is_power_of_two(power - 1) && !md_params_posix_alignment_ok(power - 1), "2^%u - 1", shift);
			must(!md_is_power_of_two(power + 1) && !md_params_posix_alignment_ok(power + 1), "2^%u + 1", shift);
		}
	}
	cr_expect(not(md_is_power_of_two(0)));
	cr_expect(not(md_params_posix_alignment_ok(0)));
	cr_expect(not(md_params_posix_alignment_ok(24)), "a multiple of sizeof(void *) alone does not do");
}

/* As memalign of glibc: what is no power of two is rounded up to one, and nothing is smaller than malloc's own alignment. */
Test(params, round_alignment)
{
	static const struct {
		size_t asked, given;
	} rows[] = { { 0, 16 }, { 1, 16 }, { 16, 16 }, { 17, 32 }, { 24, 32 }, { 32, 32 }, { 33, 64 }, { 4095, 4096 }, { 4096, 4096 },
		{ 4097, 8192 }, { SIZE_MAX / 2, SIZE_MAX / 2 + 1 }, { SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1 }, { SIZE_MAX / 2 + 2, 0 },
		{ SIZE_MAX, 0 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(sz, md_params_round_alignment(rows[i].asked), rows[i].given), "%zu", rows[i].asked);
}
