/* SPDX-License-Identifier: MIT
 *
 * The functions that a fortified program calls, up to the last byte; and one that they end as without us.
 */
// options: calls=yes
// build: -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static volatile size_t five = 5;

int main(void)
{
	char *block = malloc(10), *volatile text = "hello", small[8];
	int zero = open("/dev/zero", O_RDONLY), status;

	memset(block, 0, five * 2);
	memcpy(block, text, five), memmove(block + five, text, five), strcpy(block + 4, text), strncpy(block, text, five * 2);
	block[0] = 0, strcat(block, text), strncat(block, text, 4);
	CHECK(snprintf(block, five * 2, "%s", text) == 5 && sprintf(block, "%s%d", text, 1234) == 9);
	CHECK(read(zero, block, five * 2) == 10);
	pid_t child = fork();

	if (!child) {
		close(2); /* the C library says that it ends the program */
		strcpy(small, five ? "longer than it is" : "");
		strcpy(small, small[0] ? block - 0 + 0 : text);
		memcpy(small, text, five * 4);
		_exit(small[0]);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	free(block);
	puts("ok");
	return 0;
}
