/* SPDX-License-Identifier: MIT
 *
 * Descriptors are the program's: with 0 and 2 closed, the next files get these numbers, nothing of ours stands in between, and nothing is
 * written to the file that took the place of stderr.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/programs/ok.h"

/* The library keeps those of its watchpoints at 200 and above (runtime/watch.h), where no program of few files comes. */
static int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	while ((entry = readdir(directory)))
		count += atoi(entry->d_name) < 200;
	closedir(directory);
	return count - 3; /* ".", "..", and the directory itself */
}

int main(void)
{
	struct stat status;

	printf("%d descriptors\n", count_descriptors());
	close(0);
	close(2);
	CHECK(open("/dev/null", O_RDONLY) == 0);
	char path[] = "/tmp/ok_closed_stderr.XXXXXX";
	CHECK(mkstemp(path) == 2);
	unlink(path);
	for (size_t i = 0; i < 100000; i++)
		free(malloc(i % 5000));
	CHECK(dup(1) == 3);
	CHECK(fstat(2, &status) == 0 && status.st_size == 0);
	puts("ok");
	return 0;
}
