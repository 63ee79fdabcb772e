/* SPDX-License-Identifier: MIT */
#include "tools/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_standard(const char *path)
{
	return !path || !strcmp(path, "-");
}

FILE *md_output_open(const char *command, const char *path)
{
	FILE *to;

	if (is_standard(path))
		return stdout;
	to = fopen(path, "we");
	if (!to)
		fprintf(stderr, "malloc-debug %s: %s: %m\n", command, path);
	return to;
}

bool md_output_close(const char *command, const char *path, FILE *to, bool good)
{
	int error = good ? 0 : errno;

	if (is_standard(path) ? fflush(to) || ferror(to) : fclose(to)) {
		good = false;
		error = error ? error : errno;
	}
	if (!good)
		fprintf(stderr, "malloc-debug %s: %s: %s\n", command, is_standard(path) ? "standard output" : path, strerror(error));
	return good;
}

bool md_output_has_color(FILE *to)
{
	const char *none = getenv("NO_COLOR");

	return isatty(fileno(to)) && !(none && *none);
}
