/* SPDX-License-Identifier: MIT */
#include "tools/flags.h"

#include <stdio.h>
#include <string.h>

#include "src/words.h"

int md_flags_choice(const char *choices, const char *word)
{
	size_t wanted = strlen(word);

	for (int i = 0;; i++) {
		size_t length = strcspn(choices, "|");

		if (length == wanted && !memcmp(choices, word, length))
			return i;
		if (!choices[length])
			return -1;
		choices += length + 1;
	}
}

static int complain_of_name(const struct md_flags *flags, const char *typed, size_t length)
{
	const struct md_flag *nearest = NULL;
	unsigned nearest_distance = ~0u;

	for (const struct md_flag *flag = flags->table; flag && flag->name; flag++) {
		unsigned distance = md_word_distance(typed, length, flag->name, strlen(flag->name));

		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = flag;
		}
	}
	fprintf(stderr, "malloc-debug %s: --%.*s: there is no such option", flags->command, (int)length, typed);
	if (nearest)
		fprintf(stderr, "; the nearest is --%s", nearest->name);
	fprintf(stderr, "; see malloc-debug help %s\n", flags->command);
	return MD_FLAGS_WRONG;
}

static int find_name(const struct md_flags *flags, const char *name, size_t length)
{
	for (int i = 0; flags->table && flags->table[i].name; i++)
		if (md_word_equal(flags->table[i].name, strlen(flags->table[i].name), name, length))
			return i;
	return -1;
}

static int find_letter(const struct md_flags *flags, char letter)
{
	for (int i = 0; flags->table && flags->table[i].name; i++)
		if (flags->table[i].letter == letter)
			return i;
	return -1;
}

static bool is_value_good(const struct md_flags *flags, const struct md_flag *flag, const char *value)
{
	if (!strchr(flag->value, '|') || md_flags_choice(flag->value, value) >= 0)
		return true;
	fprintf(stderr, "malloc-debug %s: --%s=%s: it is one of %s\n", flags->command, flag->name, value, flag->value);
	return false;
}

int md_flags_next(struct md_flags *flags, const char **value)
{
	const char *word, *equal;
	int found;

	*value = NULL;
	if (++flags->at >= flags->argc)
		return MD_FLAGS_END;
	word = flags->argv[flags->at];
	if (flags->ended || word[0] != '-' || !word[1]) {
		*value = word;
		return MD_FLAGS_ARGUMENT;
	}
	if (!strcmp(word, "--")) {
		flags->ended = true;
		return md_flags_next(flags, value);
	}
	if (word[1] == '-') {
		equal = strchr(word, '=');
		found = find_name(flags, word + 2, equal ? (size_t)(equal - word) - 2 : strlen(word) - 2);
		if (found < 0)
			return complain_of_name(flags, word + 2, strcspn(word + 2, "="));
		*value = equal ? equal + 1 : NULL;
	} else {
		found = find_letter(flags, word[1]);
		if (found < 0)
			return complain_of_name(flags, word + 1, strlen(word + 1));
		*value = word[2] ? word + 2 : NULL; /* -p12 */
	}

	const struct md_flag *flag = &flags->table[found];

	if (!flag->value && *value) {
		fprintf(stderr, "malloc-debug %s: --%s takes no value\n", flags->command, flag->name);
		return MD_FLAGS_WRONG;
	}
	if (flag->value && !*value) {
		if (flags->at + 1 >= flags->argc) {
			fprintf(stderr, "malloc-debug %s: --%s: the %s is missing\n", flags->command, flag->name, flag->value);
			return MD_FLAGS_WRONG;
		}
		*value = flags->argv[++flags->at];
	}
	return flag->value && !is_value_good(flags, flag, *value) ? MD_FLAGS_WRONG : found;
}

/* "-f, --format text|json". Returns its length. */
int md_flags_take_one(const struct md_flag *table, int argc, char **argv, int *at, const char **value)
{
	const char *word = argv[*at], *equal = strchr(word, '=');
	size_t length = equal ? (size_t)(equal - word) : strlen(word);

	for (int i = 0; !strncmp(word, "--", 2) && table[i].name; i++) {
		if (!md_word_equal(table[i].name, strlen(table[i].name), word + 2, length - 2))
			continue;
		if (table[i].value && !equal && *at + 1 >= argc) {
			fprintf(stderr, "malloc-debug %s: %s: the %s is missing\n", argv[0], word, table[i].value);
			return MD_FLAGS_WRONG;
		}
		if (!table[i].value && equal) {
			fprintf(stderr, "malloc-debug %s: --%s takes no value\n", argv[0], table[i].name);
			return MD_FLAGS_WRONG;
		}
		*value = equal ? equal + 1 : table[i].value ? argv[++*at] : NULL;
		++*at;
		return i;
	}
	return MD_FLAGS_END;
}

static int make_head(char head[96], const struct md_flag *flag)
{
	return snprintf(head, 96, "%s%c%s --%s%s%s", flag->letter ? "-" : " ", flag->letter ? flag->letter : ' ', flag->letter ? "," : " ",
		flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
}

void md_flags_print_help(const struct md_flag *table)
{
	char head[96];
	int width = 0, length;

	for (const struct md_flag *flag = table; flag && flag->name; flag++) {
		length = make_head(head, flag);
		width = length > width ? length : width;
	}
	for (const struct md_flag *flag = table; flag && flag->name; flag++) {
		make_head(head, flag);
		printf("  %-*s  %s\n", width, head, flag->help);
	}
}
