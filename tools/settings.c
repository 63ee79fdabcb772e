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

/* --no-leaks: the option that is switched off so; NULL if it is none. */
static const struct md_option_info *find_negated(const char *name)
{
	const struct md_option_info *info = strncmp(name, "no-", 3) && strncmp(name, "no_", 3) ? NULL : md_options_find(name + 3);

	return info && info->kind == MD_KIND_BOOL ? info : NULL;
}

int md_settings_take_one(int argc, char **argv, int at, bool *given)
{
	const struct md_options_io io = { .context = argv[0], .complain = complain_of_argument };
	const char *value = strchr(argv[at], '=');
	size_t length = value ? (size_t)(value - argv[at]) : strlen(argv[at]);
	const struct md_option_info *info;
	struct md_options scratch;
	char name[64], variable[MD_VARIABLE_MAX];

	if (argv[at][0] != '-' || argv[at][1] != '-' || length - 2 >= sizeof name) {
		fprintf(stderr, "malloc-debug %s: %s: there is no such option; options look like --redzone=32\n", argv[0], argv[at]);
		return -1;
	}
	memcpy(name, argv[at] + 2, length - 2);
	name[length - 2] = '\0';
	value = value ? value + 1 : NULL;
	info = md_options_find(name);
	if (!info && !value && find_negated(name)) {
		info = find_negated(name);
		value = "no";
	} else if (info && info->kind != MD_KIND_BOOL && !value && at + 1 < argc) {
		value = argv[++at];
	}
	md_options_init(&scratch);
	if (!md_options_set(&scratch, info ? info->name : name, value, &io))
		return -1;
	md_settings_variable(info, variable);
	if (setenv(variable, value ? value : "yes", 1)) {
		perror("malloc-debug: setenv");
		return -1;
	}
	if (given)
		given[info - md_option_table] = true;
	return at + 1;
}

int md_settings_take(int argc, char **argv, bool *given)
{
	int at = 1;

	while (at >= 0 && at < argc && argv[at][0] == '-') {
		if (!strcmp(argv[at], "--"))
			return at + 1;
		at = md_settings_take_one(argc, argv, at, given);
	}
	return at;
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
