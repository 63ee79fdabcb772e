/* SPDX-License-Identifier: MIT
 *
 * The tables of interfaces and errors: complete, without doubles, and safe to ask about any number.
 */
#include <ctype.h>

#include "src/api.h"
#include "src/error.h"
#include "src/finding.h"
#include "tests/unit/core_fixture.h"

Test(api, every_interface_has_a_name_of_its_own)
{
	for (int i = 0; i <= MD_API_NONE; i++) {
		const char *name = md_api_name((enum md_api)i);

		cr_assert(name && *name);
		for (int j = 0; j < i; j++) {
			/* realloc has two rows: what it allocates and what it frees */
			bool same = (j == MD_API_REALLOC && i == MD_API_REALLOC_FREE);

			must(!strcmp(name, md_api_name((enum md_api)j)) == same, "%d and %d are %s", j, i, name);
		}
	}
	cr_expect(eq(str, (char *)md_api_name(MD_API_NEW_ARRAY), "operator new[]"));
	cr_expect(eq(str, (char *)md_api_name(MD_API_USABLE_SIZE), "malloc_usable_size"));
}

/* Frees pair with what allocated: by name, so that a row put under the wrong family is noticed. */
Test(api, families_follow_the_names)
{
	for (int i = 0; i < MD_API_COUNT; i++) {
		const char *name = md_api_name((enum md_api)i);
		enum md_family family = strncmp(name, "operator", 8) != 0 ? MD_FAMILY_MALLOC
			: strstr(name, "[]")                              ? MD_FAMILY_NEW_ARRAY
									  : MD_FAMILY_NEW;

		must(md_api_family((enum md_api)i) == family, "%s", name);
		must(!!strstr(name, "free") <= (i >= MD_API_FIRST_FREE) && !!strstr(name, "delete") <= (i >= MD_API_FIRST_FREE), "%s frees",
			name);
		must(!!strstr(name, "alloc") + !!strstr(name, "new") == 0 || i < MD_API_FIRST_FREE || i == MD_API_REALLOC_FREE,
			"%s allocates", name);
	}
}

Test(api, a_number_that_is_none)
{
	cr_expect(eq(str, (char *)md_api_name((enum md_api)(MD_API_NONE + 1)), "?"));
	cr_expect(eq(str, (char *)md_api_name((enum md_api)-1), "?"));
	cr_expect(eq(int, md_api_family((enum md_api)9999), MD_FAMILY_MALLOC));
}

Test(error, every_error_has_a_slug_of_its_own_a_title_and_a_hint)
{
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		const struct md_error_info *info = md_error_info((enum md_error)i);

		bool is_signal = isupper((unsigned char)*info->slug); /* SEGV, FPE, ... as AddressSanitizer has them */

		for (const char *c = info->slug; *c; c++)
			must(is_signal ? isupper((unsigned char)*c) : islower((unsigned char)*c) || *c == '-' || *c == '_',
				"%s: lower case and dashes, or a signal's name", info->slug);
		must(*info->slug && *info->title, "error %d", i);
		must(info->hint[strlen(info->hint) - 1] == '.', "%s: a sentence ends with a stop", info->slug);
		for (int j = 0; j < i; j++)
			must(strcmp(info->slug, md_error_info((enum md_error)j)->slug) != 0, "%d and %d are %s", j, i, info->slug);
	}
	cr_expect(eq(str, (char *)md_error_info(MD_ERROR_DOUBLE_FREE)->slug, "double-free"));
	cr_expect(eq(str, (char *)md_error_info(MD_ERROR_HEAP_BUFFER_OVERFLOW)->slug, "heap-buffer-overflow"));
}

Test(error, a_number_that_is_none)
{
	cr_expect(eq(str, (char *)md_error_info(MD_ERROR_COUNT)->slug, "unknown-error"));
	cr_expect(eq(str, (char *)md_error_info((enum md_error)-1)->slug, "unknown-error"));
}

/* These are silent unless asked for: nothing that is the program's mistake may be among them. */
Test(error, bad_requests)
{
	static const enum md_error silent[] = { MD_ERROR_INVALID_ALIGNMENT, MD_ERROR_CALLOC_OVERFLOW, MD_ERROR_REALLOCARRAY_OVERFLOW,
		MD_ERROR_PVALLOC_OVERFLOW, MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_ERROR_OUT_OF_MEMORY };

	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		bool expected = false;

		for (size_t j = 0; j < sizeof silent / sizeof *silent; j++)
			expected |= silent[j] == (enum md_error)i;
		must(!!md_error_is_bad_request((enum md_error)i) == expected, "%s", md_error_info((enum md_error)i)->slug);
	}
}

Test(finding, the_list_takes_four_and_counts_the_others)
{
	static struct md_findings findings;

	memset(&findings, 0xff, sizeof findings);
	findings.count = findings.dropped = 0;
	for (unsigned i = 0; i < MD_FINDINGS_MAX; i++) {
		struct md_finding *finding = md_findings_add(&findings);

		cr_assert(eq(ptr, finding, &findings.list[i]));
		cr_expect(finding->addr == 0 && !finding->block.valid && finding->evidence_bytes == 0, "zeroed");
	}
	cr_expect(eq(ptr, md_findings_add(&findings), NULL));
	cr_expect(eq(ptr, md_findings_add(&findings), NULL));
	cr_expect(eq(uint, findings.count, MD_FINDINGS_MAX));
	cr_expect(eq(uint, findings.dropped, 2));
}
