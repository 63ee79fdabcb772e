/* SPDX-License-Identifier: MIT */
#include "tools/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libmalloc_debug.so"

#if defined __x86_64__
#define MULTIARCH "x86_64-linux-gnu"
#elif defined __aarch64__
#define MULTIARCH "aarch64-linux-gnu"
#else
#error "the folder of this system's libraries is not known"
#endif

/* Folder of the command itself, symbolic links resolved; "" if unknown. */
static void find_own_folder(char folder[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);

	folder[length > 0 ? length : 0] = '\0';

	char *slash = strrchr(folder, '/');

	if (slash)
		*slash = '\0';
}

bool md_library_find(char path[PATH_MAX], bool complain)
{
	static const char *const folders[] = { ".", "../lib", "../lib/" MULTIARCH, "../lib64" };
	static const char *const names[] = { LIBRARY, LIBRARY ".0" }; /* the first may be missing where nothing is built against it */
	const char *chosen = getenv("MALLOC_DEBUG_LIBRARY");
	char own[PATH_MAX], candidate[2 * PATH_MAX];

	if (chosen && *chosen) {
		if (realpath(chosen, path) && !access(path, R_OK))
			return true;
		if (complain)
			fprintf(stderr, "malloc-debug: MALLOC_DEBUG_LIBRARY=%s: %m\n", chosen);
		return false;
	}
	find_own_folder(own);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
			snprintf(candidate, sizeof candidate, "%s/%s/%s", own, folders[i], names[j]);
			if (realpath(candidate, path) && !access(path, R_OK))
				return true;
		}
	}
	if (complain)
		fprintf(stderr, "malloc-debug: %s is not in %s, %s/../lib, %s/../lib/%s or %s/../lib64; MALLOC_DEBUG_LIBRARY can name it\n", LIBRARY,
			own, own, own, MULTIARCH, own);
	return false;
}

/* True if one entry of an LD_PRELOAD list is our library, by whatever path; one that is not there does not count. */
static bool contains_library(const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ": ");
		char path[PATH_MAX];
		const char *slash, *name;

		snprintf(path, sizeof path, "%.*s", (int)length, list);
		slash = strrchr(path, '/');
		name = slash ? slash + 1 : path;
		if (!strncmp(name, LIBRARY, sizeof LIBRARY - 1) && (!name[sizeof LIBRARY - 1] || name[sizeof LIBRARY - 1] == '.') &&
			(!slash || !access(path, R_OK)))
			return true;
		list += length;
		list += strspn(list, ": ");
	}
	return false;
}

bool md_library_preload(const char *path)
{
	const char *before = getenv("LD_PRELOAD");
	char *list;
	bool done;

	if (before && contains_library(before))
		return true;
	if (strpbrk(path, ": ")) {
		fprintf(stderr,
			"malloc-debug: %s: LD_PRELOAD cannot hold a path with a space or ':'; link to it from another folder and name the link in "
			"MALLOC_DEBUG_LIBRARY\n",
			path);
		return false;
	}
	if (asprintf(&list, "%s%s%s", path, before && *before ? ":" : "", before ? before : "") < 0) {
		perror("malloc-debug");
		return false;
	}
	done = !setenv("LD_PRELOAD", list, 1);
	if (!done)
		perror("malloc-debug: setenv");
	free(list);
	return done;
}
