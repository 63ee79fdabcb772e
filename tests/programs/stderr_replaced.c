/* SPDX-License-Identifier: MIT
 *
 * A bug while descriptor 2 is the program's data: the report must not get into it. The file's size is printed at the end.
 */
// errors: 0
// output: 5 bytes
// status: 0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
	return 0;
}
