/* SPDX-License-Identifier: MIT
 *
 * Answers and their strings. The C++ library is only loaded if there is a name to be demangled.
 */
#include "tools/symbol_answer.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Hands an allocated string over to the answer. */
const char *md_symbol_own(struct md_symbol_answer *answer, char *string)
{
	if (!string)
		return NULL;
	if (answer->owned_count == sizeof answer->owned / sizeof answer->owned[0]) {
		free(string);
		return NULL;
	}
	answer->owned[answer->owned_count++] = string;
	return string;
}

/* A C++ name as people write it; the name itself if it is none. The C++ library is only loaded if there is such a name. */
const char *md_symbol_demangle(struct md_symbol_answer *answer, const char *name)
{
	static char *(*cxa_demangle)(const char *, char *, size_t *, int *);
	static bool looked;
	int status;

	if (strncmp(name, "_Z", 2) != 0)
		return name;
	if (!looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY);

		if (!library)
			library = dlopen("libc++abi.so.1", RTLD_LAZY);
		if (library)
			*(void **)&cxa_demangle = dlsym(library, "__cxa_demangle");
		looked = true;
	}
	const char *demangled = cxa_demangle ? md_symbol_own(answer, cxa_demangle(name, NULL, NULL, &status)) : NULL;
	return demangled ? demangled : name;
}

void md_symbol_answer_clear(struct md_symbol_answer *answer)
{
	answer->entry_count = 0;
	while (answer->owned_count > 0)
		free(answer->owned[--answer->owned_count]);
}
