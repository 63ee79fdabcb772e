/* SPDX-License-Identifier: MIT
 *
 * A bug while descriptor 2 is the program's data: the report must not get into it. The file's size is printed at the end.
 */
// errors: 0
// output: 5 bytes
// output: report in its file
// status: 0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int ends[2];
	char data[4096];

	close(2);
	/* A socket takes number 2. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || ends[0] != 2)
		return 1;
	char *block = malloc(10);
	block[10] = 1;
	free(block);
	if (write(2, "hello", 5) != 5)
		return 2;
	shutdown(2, SHUT_WR);
	ssize_t total = 0, length;
	while ((length = read(ends[1], data, sizeof data)) > 0)
		total += length;
	printf("%zd bytes\n", total);

	/* The report has a file of its own. */
	char path[100], report[20000];

	snprintf(path, sizeof path, "/tmp/malloc-debug.stderr_replaced.%d.log", (int)getpid());
	int file = open(path, O_RDONLY);

	length = read(file, report, sizeof report - 1);
	unlink(path);
	report[length > 0 ? length : 0] = '\0';
	puts(strstr(report, "ERROR: malloc-debug: heap-buffer-overflow") && strstr(report, "SUMMARY: ") ? "report in its file" : "no report");
	return 0;
}
