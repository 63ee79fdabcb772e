/* SPDX-License-Identifier: MIT */
#include "tools/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"

static void *check(void *memory)
{
	if (memory)
		return memory;
	fputs("malloc-debug: not enough memory\n", stderr);
	exit(MD_EXIT_TROUBLE);
}

void *md_memory_new(size_t count, size_t bytes)
{
	return check(calloc(count ? count : 1, bytes));
}

void *md_memory_resize(void *memory, size_t count, size_t bytes)
{
	return check(reallocarray(memory, count ? count : 1, bytes));
}

char *md_memory_copy(const char *text, size_t bytes)
{
	char *copy = check(malloc(bytes + 1));

	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	return copy;
}

char *md_memory_print(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return check(text);
}
