/* SPDX-License-Identifier: MIT
 *
 * The cases of texts.h for both kinds of strings, and those that exist for one of them only.
 */
#include "tests/weaknesses/weakness.h"

#define CHAR char
#define NAMED(name) name##_char
#define TEXT(literal) literal
#define FORMAT "%s"
#define SNPRINTF snprintf
#define S(name) str##name
#define M(name) mem##name
#define make_text make_narrow
#include "tests/weaknesses/texts.h"
#undef CHAR
#undef NAMED
#undef TEXT
#undef FORMAT
#undef SNPRINTF
#undef S
#undef M
#undef make_text

#define CHAR wchar_t
#define NAMED(name) name##_wchar
#define TEXT_2(literal) L##literal
#define TEXT(literal) TEXT_2(literal)
#define FORMAT "%ls"
#define SNPRINTF swprintf
#define S(name) wcs##name
#define M(name) wmem##name
#define make_text make_wide
#include "tests/weaknesses/texts.h"

WEAKNESS(122, sprintf_unbounded, OVERFLOW, AT)
{
	char *data = malloc(bad ? 10 : 40);
	sprintf(data, "%s-%d", "a longer text", 12345); // bug
	USE(*data);
	free(data);
}

/* The length of a wide string as if it were a narrow one, which ends at the first zero byte. */
WEAKNESS(122, wide_length_as_narrow, OVERFLOW, AT)
{
	const wchar_t *source = L"wide text";
	wchar_t *data = malloc(bad ? (strlen((const char *)source) + 1) * sizeof *data : (wcslen(source) + 1) * sizeof *data);
	wcscpy(data, source); // bug
	USE(*data);
	free(data);
}

/* Characters where bytes are wanted. */
WEAKNESS(122, wide_length_as_bytes, OVERFLOW, AT)
{
	const wchar_t *source = L"wide text";
	wchar_t *data = malloc((wcslen(source) + 1) * (bad ? 1 : sizeof *data));
	wcscpy(data, source); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, fgets_size, OVERFLOW, AT_UNLESS_FORTIFIED)
{
	FILE *file = tmpfile();
	char *data = malloc(10);
	fputs("a line that is longer than ten\n", file);
	rewind(file);
	if (!fgets(data, (int)pick(bad, 40, 10), file)) // bug
		abort();
	fclose(file);
	free(data);
}

WEAKNESS(122, scanf_unbounded, OVERFLOW, AT)
{
	char *data = malloc(bad ? 8 : 40);
	if (sscanf("averylongwordthatdoesnotfit next", "%s", data) != 1) // bug
		abort();
	free(data);
}

WEAKNESS(122, conversion_too_long, OVERFLOW, AT)
{
	char *data = malloc(bad ? 8 : 40);
	size_t length = wcstombs(data, L"a text of many characters", 40); // bug
	USE(length);
	free(data);
}

WEAKNESS(416, dup_of_freed, AFTER_FREE, AT)
{
	char *data = strdup("text");
	if (bad)
		free(data);
	HIDE(data);
	char *copy = strdup(data); // bug
	free(copy);
	if (!bad)
		free(data);
}
