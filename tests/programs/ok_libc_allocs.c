/* SPDX-License-Identifier: MIT
 *
 * Functions of the C library that allocate for the program, or for themselves.
 */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <iconv.h>
#include <limits.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "tests/programs/ok.h"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int compare_int(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(void)
{
	char *line = NULL, *text = NULL, *copy;
	size_t room = 0, length = 0;

	FILE *stream = fopen("/proc/self/maps", "r");
	CHECK(stream);
	while (getline(&line, &room, stream) > 0)
		;
	fclose(stream);
	free(line);
	CHECK(asprintf(&text, "%s %d %0500d", "text", 7, 1) == 507);
	copy = strdup(text);
	free(text);
	text = strndup(copy, 4);
	CHECK(strcmp(text, "text") == 0);
	free(text);
	free(copy);

	stream = open_memstream(&text, &length);
	for (int i = 0; i < 5000; i++)
		fprintf(stream, "%d,", i);
	fclose(stream);
	CHECK(length == strlen(text));
	free(text);

	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *addresses = NULL;
	CHECK(getaddrinfo("127.0.0.1", "80", &hints, &addresses) == 0);
	freeaddrinfo(addresses);
	if (getaddrinfo("localhost", NULL, NULL, &addresses) == 0)
		freeaddrinfo(addresses);
	(void)getpwuid(0);
	endpwent();

	setlocale(LC_ALL, "");
	locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", NULL);
	if (locale)
		freelocale(locale);
	iconv_t convert = iconv_open("UTF-16", "ISO-8859-1");
	if (convert != (iconv_t)-1)
		iconv_close(convert);

	free(getcwd(NULL, 0));
	free(realpath("/proc/self/..", NULL));
	free(get_current_dir_name());
	glob_t paths;
	if (glob("/etc/*", 0, NULL, &paths) == 0)
		globfree(&paths);
	struct dirent **entries;
	int count = scandir("/", &entries, NULL, alphasort);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
	regex_t expression;
	CHECK(regcomp(&expression, "^(a|b)*[c-f]{2,7}(.*)$", REG_EXTENDED) == 0);
	CHECK(regexec(&expression, "ababccdef!", 0, NULL, 0) == 0);
	regfree(&expression);
	CHECK(fnmatch("*.c", "file.c", 0) == 0);

	void *tree = NULL;
	tsearch("b", &tree, compare);
	tsearch("a", &tree, compare);
	tdelete("b", &tree, compare);
	tdelete("a", &tree, compare);
	int *numbers = malloc(100000 * sizeof *numbers);
	for (int i = 0; i < 100000; i++)
		numbers[i] = (i * 7919) % 100003;
	qsort(numbers, 100000, sizeof *numbers, compare_int); /* takes a temporary block */
	for (int i = 1; i < 100000; i++)
		CHECK(numbers[i - 1] <= numbers[i]);
	free(numbers);
	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof name, "OK_LIBC_%d", i);
		setenv(name, "a value", 1);
		setenv(name, "a much longer value than before", 1);
		if (i % 2)
			unsetenv(name);
	}
	FILE *pipe = popen("echo from a child", "r");
	char answer[64] = "";
	CHECK(pipe && fgets(answer, sizeof answer, pipe));
	CHECK(pclose(pipe) == 0);
	fputs(answer, stdout);
	CHECK(system("true") == 0);
	tzset();
	puts("ok");
	return 0;
}
