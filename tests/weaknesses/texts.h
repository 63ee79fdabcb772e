/* SPDX-License-Identifier: MIT
 *
 * What goes wrong with strings, narrow and wide. Included by texts.c once for each: CHAR, NAMED(name), TEXT(literal), FORMAT (of a string
 * for printf) and the names of the C library's functions: S(cpy) is strcpy or wcscpy, M(set) is memset or wmemset.
 */

static void make_text(CHAR *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		text[i] = TEXT('A');
	text[length] = 0;
}

/* --- past the end ---------------------------------------------------------- */

WEAKNESS(122, NAMED(cpy_no_room_for_nul), OVERFLOW, AT)
{
	CHAR source[11], *data = malloc((bad ? 10 : 11) * sizeof *data);
	make_text(source, 10);
	S(cpy)(data, source); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(ncpy_no_room_for_nul), OVERFLOW, AT)
{
	CHAR source[11], *data = malloc((bad ? 10 : 11) * sizeof *data);
	make_text(source, 10);
	S(ncpy)(data, source, S(len)(source) + 1); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(memcpy_no_room_for_nul), OVERFLOW, AT)
{
	CHAR source[11], *data = malloc((bad ? 10 : 11) * sizeof *data);
	make_text(source, 10);
	memcpy(data, source, pick(bad, 11, 11) * sizeof *data); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(mem_no_room_for_nul), OVERFLOW, AT)
{
	CHAR source[11], *data = malloc((bad ? 10 : 11) * sizeof *data);
	make_text(source, 10);
	M(move)(data, source, pick(bad, 11, 11)); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(loop_no_room_for_nul), OVERFLOW, STORE_BEHIND(10, CHAR))
{
	CHAR source[11], *data = malloc((bad ? 10 : 11) * sizeof *data);
	size_t length = pick(bad, 10, 10);
	make_text(source, 10);
	for (size_t i = 0; i <= length; i++)
		data[i] = source[i]; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(cpy_larger_source), OVERFLOW, AT)
{
	CHAR source[100], *data = malloc((bad ? 50 : 100) * sizeof *data);
	make_text(source, 99);
	S(cpy)(data, source); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(ncpy_size_of_source), OVERFLOW, AT)
{
	CHAR source[100], *data = malloc((bad ? 50 : 100) * sizeof *data);
	make_text(source, 99);
	S(ncpy)(data, source, 99); // bug
	USE(*data);
	free(data);
}

/* Fills up to the size with NUL, whatever the length is. */
WEAKNESS(122, NAMED(ncpy_fill), OVERFLOW, AT)
{
	CHAR *data = malloc(50 * sizeof *data);
	S(ncpy)(data, TEXT("short"), pick(bad, 60, 50)); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(cat_full), OVERFLOW, AT)
{
	CHAR source[100], *data = malloc((bad ? 50 : 110) * sizeof *data);
	make_text(source, 99);
	S(cpy)(data, TEXT("begin:"));
	S(cat)(data, source); // bug
	USE(*data);
	free(data);
}

/* The size is that of the block, and not of what is left of it. */
WEAKNESS(122, NAMED(ncat_whole_size), OVERFLOW, AT)
{
	CHAR source[100], *data = malloc((bad ? 50 : 60) * sizeof *data);
	make_text(source, 99);
	S(cpy)(data, TEXT("begin:"));
	S(ncat)(data, source, 50); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(print_too_large), OVERFLOW, AT)
{
	CHAR source[100], *data = malloc((bad ? 50 : 100) * sizeof *data);
	make_text(source, 99);
	SNPRINTF(data, 100, TEXT(FORMAT), source); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(set_too_many), OVERFLOW, AT)
{
	CHAR *data = malloc((bad ? 50 : 100) * sizeof *data);
	M(set)(data, TEXT('A'), 100); // bug
	USE(*data);
	free(data);
}

/* The size of the pointer, where that of the text is wanted. */
WEAKNESS(122, NAMED(size_of_pointer), OVERFLOW, AT)
{
	const CHAR *source = TEXT("more than eight characters");
	CHAR *data = malloc(bad ? sizeof data : 100 * sizeof *data);
	S(cpy)(data, source); // bug
	USE(*data);
	free(data);
}

/* --- before the start ------------------------------------------------------ */

WEAKNESS(124, NAMED(cpy_before), UNDERFLOW, AT)
{
	CHAR source[50], *block = malloc(50 * sizeof *block), *data = bad ? block - 8 : block;
	make_text(source, 49);
	HIDE(data);
	S(cpy)(data, source); // bug
	free(block);
}

WEAKNESS(124, NAMED(ncpy_before), UNDERFLOW, AT)
{
	CHAR source[50], *block = malloc(50 * sizeof *block), *data = bad ? block - 8 : block;
	make_text(source, 49);
	HIDE(data);
	S(ncpy)(data, source, 49); // bug
	free(block);
}

WEAKNESS(124, NAMED(set_before), UNDERFLOW, AT)
{
	CHAR *block = malloc(50 * sizeof *block), *data = bad ? block - 8 : block;
	HIDE(data);
	M(set)(data, TEXT('A'), pick(bad, 50, 50)); // bug
	free(block);
}

/* Takes trailing spaces off a text that has nothing else. */
WEAKNESS(124, NAMED(trim_all), UNDERFLOW, STORED_BY_VECTOR)
{
	CHAR *data = malloc(16 * sizeof *data);
	M(set)(data, TEXT(' '), 16);
	if (!bad)
		data[0] = TEXT('A');
	CHAR *last = data + 15;
	HIDE(last);
	for (int i = 0; i < 17 - !bad * 2; i++)
		*last-- = 0; // bug
	free(data);
}

WEAKNESS(127, NAMED(cpy_from_before), UNDERFLOW, AT)
{
	CHAR copy[100], *block = malloc(50 * sizeof *block), *data = bad ? block - 8 : block;
	make_text(block, 49);
	HIDE(data);
	S(cpy)(copy, data); // bug
	USE(copy);
	free(block);
}

WEAKNESS(127, NAMED(ncpy_from_before), UNDERFLOW, AT)
{
	CHAR copy[100], *block = malloc(50 * sizeof *block), *data = bad ? block - 8 : block;
	make_text(block, 49);
	HIDE(data);
	S(ncpy)(copy, data, 99); // bug
	USE(copy);
	free(block);
}

/* Looks for the last separator of a text that has none. */
WEAKNESS(127, NAMED(search_back), UNDERFLOW, AT_BY_WATCH)
{
	CHAR *data = malloc(16 * sizeof *data);
	make_text(data, 15);
	if (!bad)
		data[0] = TEXT('/');
	CHAR *last = data + 14;
	HIDE(last);
	for (int i = 0; i < 20; i++) {
		CHAR value = *last--; // bug
		USE(value);
		if (value == TEXT('/'))
			break;
	}
	free(data);
}

/* --- texts without an end -------------------------------------------------- */

WEAKNESS(126, NAMED(length_without_nul), OVERFLOW, AT)
{
	CHAR *data = malloc(50 * sizeof *data);
	M(set)(data, TEXT('A'), 50);
	if (!bad)
		data[49] = 0;
	size_t length = S(len)(data); // bug
	USE(length);
	free(data);
}

WEAKNESS(126, NAMED(print_without_nul), OVERFLOW, AT)
{
	CHAR source[64], *data = malloc(10 * sizeof *data);
	make_text(source, 60);
	S(ncpy)(data, source, pick(bad, 10, 9));
	if (!bad)
		data[9] = 0;
	printf(FORMAT "\n", data); // bug
	free(data);
}

WEAKNESS(126, NAMED(cpy_without_nul), OVERFLOW, AT)
{
	CHAR copy[100], *data = malloc(20 * sizeof *data);
	M(set)(data, TEXT('A'), 20);
	if (!bad)
		data[19] = 0;
	HIDE(data);
	S(cpy)(copy, data); // bug
	USE(copy);
	free(data);
}

WEAKNESS(126, NAMED(find_without_nul), OVERFLOW, AT)
{
	CHAR *data = malloc(32 * sizeof *data);
	M(set)(data, TEXT('A'), 32);
	if (!bad)
		data[31] = 0;
	CHAR *found = S(chr)(data, TEXT('x')); // bug
	USE(found);
	free(data);
}

WEAKNESS(126, NAMED(mem_compare), OVERFLOW, AT)
{
	CHAR other[100], *data = malloc(50 * sizeof *data);
	M(set)(data, TEXT('A'), 50);
	M(set)(other, TEXT('A'), 100);
	int order = M(cmp)(data, other, pick(bad, 51, 50)); // bug
	USE(order);
	free(data);
}

/* --- after the free -------------------------------------------------------- */

WEAKNESS(416, NAMED(print_freed), AFTER_FREE, AT)
{
	CHAR *data = malloc(50 * sizeof *data);
	make_text(data, 49);
	if (bad)
		free(data);
	HIDE(data);
	printf(FORMAT "\n", data); // bug
	if (!bad)
		free(data);
}

WEAKNESS(416, NAMED(length_freed), AFTER_FREE, AT)
{
	CHAR *data = malloc(50 * sizeof *data);
	make_text(data, 49);
	if (bad)
		free(data);
	HIDE(data);
	size_t length = S(len)(data); // bug
	USE(length);
	if (!bad)
		free(data);
}

WEAKNESS(416, NAMED(cat_to_freed), AFTER_FREE, AT)
{
	CHAR *data = malloc(50 * sizeof *data);
	make_text(data, 4);
	if (bad)
		free(data);
	HIDE(data);
	S(cat)(data, TEXT("more")); // bug
	if (!bad)
		free(data);
}

WEAKNESS(416, NAMED(compare_freed), AFTER_FREE, AT)
{
	CHAR *data = S(dup)(TEXT("text"));
	if (bad)
		free(data);
	HIDE(data);
	int order = S(cmp)(data, TEXT("other")); // bug
	USE(order);
	if (!bad)
		free(data);
}

static CHAR *NAMED(reversed)(const CHAR *text, bool bad)
{
	size_t length = S(len)(text);
	CHAR *result = calloc(length + 1, sizeof *result);
	for (size_t i = 0; i < length; i++)
		result[i] = text[length - 1 - i];
	if (bad)
		free(result);
	HIDE(result);
	return result;
}

WEAKNESS(416, NAMED(returned_freed), AFTER_FREE, AT)
{
	CHAR *data = NAMED(reversed)(TEXT("backwards"), bad);
	printf(FORMAT "\n", data); // bug
	if (!bad)
		free(data);
}

/* Only the first character of what was moved away is looked at. */
WEAKNESS(416, NAMED(walk_freed), AFTER_FREE, AT)
{
	CHAR *data = S(dup)(TEXT("text")), *walk = data;
	if (bad)
		free(data);
	HIDE(walk);
	int length = 0;
	for (CHAR c = *walk; c && length < 3; c = *++walk) // bug
		length++;
	USE(length);
	if (!bad)
		free(data);
}

/* --- other ----------------------------------------------------------------- */

/* The only pointer to the block is used to search in it. */
WEAKNESS(761, NAMED(search_moves_pointer), BAD_FREE, AT)
{
	CHAR *data = malloc(100 * sizeof *data), *block = data, *walk = data;
	S(cpy)(data, TEXT("fixed"));
	HIDE(data);
	while (*walk && *walk != TEXT('x'))
		walk++;
	if (bad)
		data = walk;
	free(data); // bug
	if (bad)
		free(block);
}

WEAKNESS(761, NAMED(token_freed), BAD_FREE, AT)
{
	CHAR *data = S(dup)(TEXT("one two")), *second = S(chr)(data, TEXT(' ')) + 1, *wanted = bad ? second : data;
	HIDE(wanted);
	free(wanted); // bug
	if (bad)
		free(data);
}

WEAKNESS(590, NAMED(literal_freed), BAD_FREE, AT)
{
	const CHAR *text = TEXT("a constant");
	CHAR *data = bad ? (CHAR *)text : S(dup)(text);
	HIDE(data);
	free(data); // bug
}

WEAKNESS(415, NAMED(dup_twice_freed), DOUBLE_FREE, AT)
{
	CHAR *data = S(dup)(TEXT("text")), *other = bad ? data : S(dup)(TEXT("text"));
	HIDE(other);
	free(data);
	free(other); // bug
}

WEAKNESS(401, NAMED(leak_dup), LEAK, AT)
{
	CHAR *data = S(dup)(TEXT("text that nobody frees")); // bug
	USE(*data);
	if (!bad)
		free(data);
}
