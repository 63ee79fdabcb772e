/* SPDX-License-Identifier: MIT
 *
 * What goes wrong with arrays of any element. Included by elements.c once for each: TYPE, and NAMED(name) which makes a name of its own.
 */

/* --- past the end ---------------------------------------------------------- */

WEAKNESS(122, NAMED(overflow_loop), OVERFLOW, AT)
{
	TYPE source[2 * COUNT];
	memset(source, 1, sizeof source);
	TYPE *data = malloc((bad ? COUNT : 2 * COUNT) * sizeof *data);
	for (size_t i = 0; i < 2 * COUNT; i++)
		data[i] = source[i]; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(overflow_memcpy), OVERFLOW, AT)
{
	TYPE source[2 * COUNT];
	memset(source, 1, sizeof source);
	TYPE *data = malloc((bad ? COUNT : 2 * COUNT) * sizeof *data);
	memcpy(data, source, sizeof source); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(overflow_memmove), OVERFLOW, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data);
	memmove(data + 1, data, (bad ? COUNT : COUNT - 1) * sizeof *data); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, NAMED(overflow_one), OVERFLOW, STORE_BEHIND(10, TYPE))
{
	TYPE value, *data = malloc(10 * sizeof *data);
	memset(&value, 1, sizeof value);
	for (int i = 0; i < 10 + bad; i++)
		data[i] = value; // bug
	USE(*data);
	free(data);
}

/* The size in elements where bytes are wanted. */
WEAKNESS(122, NAMED(overflow_bytes), OVERFLOW, sizeof(TYPE) == 1 ? LATER_SLACK : AT)
{
	TYPE value, *data = malloc(bad ? 10 : 11 * sizeof *data);
	memset(&value, 1, sizeof value);
	for (int i = 0; i < 11; i++)
		data[i] = value; // bug
	USE(*data);
	free(data);
}

/* What realloc left is less than what is used. */
WEAKNESS(122, NAMED(overflow_shrunk), OVERFLOW, AT)
{
	TYPE *data = malloc(2 * COUNT * sizeof *data);
	if (bad)
		data = realloc(data, COUNT * sizeof *data);
	HIDE(data);
	memset(data, 0, 2 * COUNT * sizeof *data); // bug
	HIDE(data);
	free(data);
}

WEAKNESS(126, NAMED(overread_loop), OVERFLOW, AT)
{
	TYPE copy[2 * COUNT], *data = calloc(COUNT, sizeof *data);
	for (size_t i = 0; i < (bad ? 2 * COUNT : COUNT); i++)
		copy[i] = data[i]; // bug
	USE(copy);
	free(data);
}

WEAKNESS(126, NAMED(overread_memcpy), OVERFLOW, AT)
{
	TYPE copy[2 * COUNT], *data = calloc(bad ? COUNT : 2 * COUNT, sizeof *data);
	memcpy(copy, data, sizeof copy); // bug
	USE(copy);
	free(data);
}

WEAKNESS(126, NAMED(overread_memmove), OVERFLOW, AT)
{
	TYPE copy[COUNT + 1], *data = calloc(COUNT, sizeof *data);
	memmove(copy, data, pick(bad, COUNT + 1, COUNT) * sizeof *data); // bug
	USE(copy);
	free(data);
}

WEAKNESS(126, NAMED(overread_one), OVERFLOW, LOAD_BEHIND(10, TYPE))
{
	TYPE *data = calloc(10, sizeof *data);
	size_t index = bad ? 10 : 9;
	HIDE(index);
	TYPE value = data[index]; // bug
	USE(value);
	free(data);
}

/* --- before the start ------------------------------------------------------ */

WEAKNESS(124, NAMED(underwrite_loop), UNDERFLOW, AT_BY_WATCH)
{
	TYPE source[COUNT], *block = malloc(COUNT * sizeof *block), *data = bad ? block - 8 : block;
	memset(source, 1, sizeof source);
	HIDE(data);
	for (size_t i = 0; i < COUNT; i++)
		data[i] = source[i]; // bug
	free(block);
}

WEAKNESS(124, NAMED(underwrite_memcpy), UNDERFLOW, AT)
{
	TYPE source[COUNT], *block = malloc(COUNT * sizeof *block), *data = bad ? block - 8 : block;
	memset(source, 1, sizeof source);
	HIDE(data);
	memcpy(data, source, pick(bad, COUNT, COUNT - 1) * sizeof *data); // bug
	USE(*data);
	free(block);
}

WEAKNESS(124, NAMED(underwrite_memmove), UNDERFLOW, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data);
	memmove(bad ? data - 1 : data, data + 1, pick(bad, 4, 5) * sizeof *data); // bug
	USE(*data);
	free(data);
}

WEAKNESS(124, NAMED(underwrite_one), UNDERFLOW, AT_BY_WATCH)
{
	TYPE value, *data = malloc(COUNT * sizeof *data);
	memset(&value, 1, sizeof value);
	ptrdiff_t index = bad ? -1 : 0;
	HIDE(index);
	data[index] = value; // bug
	USE(*data);
	free(data);
}

WEAKNESS(127, NAMED(underread_loop), UNDERFLOW, AT_BY_WATCH)
{
	TYPE copy[COUNT], *block = calloc(COUNT, sizeof *block), *data = bad ? block - 8 : block;
	HIDE(data);
	for (size_t i = 0; i < COUNT; i++)
		copy[i] = data[i]; // bug
	USE(copy);
	free(block);
}

WEAKNESS(127, NAMED(underread_memcpy), UNDERFLOW, AT)
{
	TYPE copy[COUNT], *block = calloc(COUNT, sizeof *block), *data = bad ? block - 8 : block;
	HIDE(data);
	memcpy(copy, data, pick(bad, COUNT, COUNT - 1) * sizeof *data); // bug
	USE(copy);
	free(block);
}

WEAKNESS(127, NAMED(underread_memmove), UNDERFLOW, AT)
{
	TYPE copy[COUNT], *block = calloc(COUNT, sizeof *block), *data = bad ? block - 8 : block;
	HIDE(data);
	memmove(copy, data, pick(bad, COUNT, COUNT - 1) * sizeof *data); // bug
	USE(copy);
	free(block);
}

WEAKNESS(127, NAMED(underread_one), UNDERFLOW, AT_BY_WATCH)
{
	TYPE *data = calloc(COUNT, sizeof *data);
	ptrdiff_t index = bad ? -1 : 0;
	HIDE(index);
	TYPE value = data[index]; // bug
	USE(value);
	free(data);
}

/* --- after the free -------------------------------------------------------- */

WEAKNESS(415, NAMED(twice_freed), DOUBLE_FREE, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data);
	HIDE(data);
	free(data);
	if (bad)
		free(data); // bug
}

WEAKNESS(416, NAMED(read_freed), AFTER_FREE, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data);
	if (bad)
		free(data);
	HIDE(data);
	TYPE value = data[3]; // bug
	USE(value);
	if (!bad)
		free(data);
}

WEAKNESS(416, NAMED(write_freed), AFTER_FREE, AT)
{
	TYPE value, *data = calloc(COUNT, sizeof *data);
	memset(&value, 1, sizeof value);
	if (bad)
		free(data);
	HIDE(data);
	data[COUNT - 1] = value; // bug
	USE(*data);
	if (!bad)
		free(data);
}

WEAKNESS(416, NAMED(write_moved), AFTER_FREE, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data), *old = data;
	data = realloc(data, 10 * COUNT * sizeof *data);
	HIDE(old);
	memset(bad ? old : data, 0, sizeof *data); // bug
	USE(*data);
	free(data);
}

/* --- what is no block, or not its start ------------------------------------ */

WEAKNESS(590, NAMED(free_stack), BAD_FREE, AT)
{
	TYPE array[COUNT], *block = malloc(sizeof array), *data = bad ? array : block;
	memset(array, 1, sizeof array);
	HIDE(data);
	memcpy(data, array, sizeof *data);
	free(data); // bug
	if (bad)
		free(block);
}

WEAKNESS(590, NAMED(free_static), BAD_FREE, AT)
{
	static TYPE array[COUNT];
	TYPE *data = bad ? array : malloc(sizeof array);
	HIDE(data);
	memset(data, 1, sizeof array);
	free(data); // bug
}

WEAKNESS(590, NAMED(free_alloca), BAD_FREE, AT)
{
	TYPE *data = bad ? __builtin_alloca(COUNT * sizeof *data) : malloc(COUNT * sizeof *data);
	HIDE(data);
	memset(data, 1, COUNT * sizeof *data);
	free(data); // bug
}

WEAKNESS(590, NAMED(free_constant), BAD_FREE, AT)
{
	static const TYPE array[COUNT];
	TYPE *data = bad ? (TYPE *)array : malloc(sizeof array);
	HIDE(data);
	free(data); // bug
}

WEAKNESS(761, NAMED(free_inside), BAD_FREE, AT)
{
	TYPE *block = calloc(COUNT, sizeof *block), *data = block;
	if (bad)
		data += 4;
	HIDE(data);
	free(data); // bug
	if (bad)
		free(block);
}

/* --- never freed ----------------------------------------------------------- */

WEAKNESS(401, NAMED(leak_lost), LEAK, AT)
{
	TYPE *data = calloc(COUNT, sizeof *data); // bug
	USE(*data);
	if (!bad)
		free(data);
}

WEAKNESS(401, NAMED(leak_overwritten), LEAK, AT)
{
	TYPE *data = malloc(COUNT * sizeof *data); // bug
	memset(data, 0, sizeof *data);
	USE(*data);
	if (!bad)
		free(data);
	data = malloc(COUNT * sizeof *data);
	USE(*data);
	free(data);
}
