/* SPDX-License-Identifier: MIT */
#include "tools/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void md_settings_variable(const struct md_option_info *info, char variable[MD_VARIABLE_MAX])
{
	snprintf(variable, MD_VARIABLE_MAX, "MALLOC_DEBUG_%s", info->name);
	for (char *c = variable; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

/* context is the name of the subcommand */
static void complain_of_argument(void *context, const char *line)
{
	fprintf(stderr, "malloc-debug %s: --%s\n", (const char *)context, line);
}

int md_settings_take(int argc, char **argv, bool *given)
{
	const struct md_options_io io = { .context = argv[0], .complain = complain_of_argument };
	struct md_options scratch;
	int i;

	md_options_init(&scratch);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		char name[64], variable[MD_VARIABLE_MAX];
		const char *value = strchr(argv[i], '=');
		size_t length = value ? (size_t)(value - argv[i]) : strlen(argv[i]);

		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (argv[i][1] != '-' || length - 2 >= sizeof name) {
			fprintf(stderr, "malloc-debug %s: %s: there is no such option; options look like --redzone=32\n", argv[0], argv[i]);
			return -1;
		}
		memcpy(name, argv[i] + 2, length - 2);
		name[length - 2] = '\0';
		value = value ? value + 1 : NULL;
		if (!md_options_set(&scratch, name, value, &io))
			return -1;

		const struct md_option_info *info = md_options_find(name);

		md_settings_variable(info, variable);
		if (setenv(variable, value ? value : "yes", 1)) {
			perror("malloc-debug: setenv");
			return -1;
		}
		if (given)
			given[info - md_option_table] = true;
	}
	return i;
}

static const char *get(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

static const char *entry(void *context, size_t i)
{
	(void)context;
	return environ[i];
}

static void complain_of_variable(void *context, const char *line)
{
	fprintf(stderr, "malloc-debug: %s\n", line);
	++*(unsigned *)context;
}

struct md_options_io md_settings_io(unsigned *complaints)
{
	return (struct md_options_io){ .context = complaints, .get = get, .complain = complain_of_variable, .entry = entry };
}
