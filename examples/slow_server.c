/* SPDX-License-Identifier: MIT
 *
 * A server that grows, and leaks, while it runs: it keeps a session for each client and never drops one, and now and then it loses an
 * answer. With signal_snapshot and signal_leaks, signals show both from outside, and nothing in the program is changed for it. Without
 * them, what it leaked is reported at its end:
 *
 *     malloc-debug run -- build/examples/slow_server
 *
 * An argument says for how many seconds it serves; without one, it serves 200 requests and ends.
 */
// output: 200 requests
// expect: ==ERROR: malloc-debug: detected memory leaks
// expect: Direct leak of 1024 bytes in 4 blocks
// expect: in make_answer *slow_server.c:43
// expect: in serve *slow_server.c:54
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct session {
	struct session *next;
	long number;
	char name[48];
};

static struct session *sessions;

static void open_session(long number)
{
	struct session *session = malloc(sizeof *session);

	session->number = number;
	snprintf(session->name, sizeof session->name, "client %ld", number);
	session->next = sessions; /* the first bug: nobody takes it out again */
	sessions = session;
}

static char *make_answer(long number)
{
	char *answer = malloc(256);

	snprintf(answer, 256, "welcome, client %ld", number);
	return answer;
}

static void serve(long number)
{
	char *answer;

	open_session(number);
	answer = make_answer(number);
	if (number % 50 != 0) /* the second bug: who returns early does not free */
		free(answer);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atol(argv[1]) : 0);
	long requests = 0;

	while (argc > 1 ? time(NULL) < end : requests < 200) {
		serve(++requests);
		if (argc > 1)
			usleep(1000);
	}
	printf("%ld requests\n", requests);
	return 0;
}
