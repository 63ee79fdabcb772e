/* SPDX-License-Identifier: MIT
 *
 * Growth that is no leak: a server remembers each client in a table and never forgets one. Everything is reachable, so no search for leaks
 * finds it; snapshots show which stack has more and more bytes in use.
 *
 *     malloc-debug run -- build/examples/growing_server
 *
 * Here the program takes its snapshots itself, after each hundred requests. Without a change to the program,
 * MALLOC_DEBUG_SIGNAL_SNAPSHOT=12 and `kill -USR2` now and then do the same.
 */
// output: no leaks: 0
// output: WARNING: malloc-debug: memory in use is growing
// output: Compared: snapshots 1 to 4
// output: 1 stack has more bytes in use in each of them than in the one before
// output: Growth of 14400 bytes
// output: in remember_client *growing_server.c:45
// output: in serve *growing_server.c:57
// output:          1 * 100            4800
// output:          4 * 400           19200     +4.7 KiB
// output: 1 stack grows
// output: global variable *growing_server+0x
// output: points to the start of
// output: 8000-byte block by calloc in T0: *growing_server.c:69 in main
// output: points to the start of
// output: 48-byte block by malloc in T0: *growing_server.c:45 in remember_client
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS_MAX 1000

struct client {
	long number;
	char name[40];
};

static struct client **clients;
static int client_count;

static struct client *remember_client(long number)
{
	struct client *client = malloc(sizeof *client);

	client->number = number;
	snprintf(client->name, sizeof client->name, "client %ld", number);
	clients[client_count++] = client; /* the bug: nobody takes it out again */
	return client;
}

/* What a request itself needs comes and goes. */
static void serve(long number)
{
	char *request = strdup("GET /index.html");
	struct client *client = remember_client(number);
	size_t bytes = strlen(request) + strlen(client->name);
	char *answer = malloc(bytes + 1);

	snprintf(answer, bytes + 1, "%s%s", client->name, request);
	free(answer);
	free(request);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0); /* reports are written past stdio */
	clients = calloc(CLIENTS_MAX, sizeof *clients);
	for (long request = 1; request <= 400; request++) {
		serve(request);
		if (request % 100 == 0)
			malloc_debug_snapshot();
	}
	int nothing = fileno(tmpfile());

	printf("no leaks: %ld\n", malloc_debug_check_leaks(nothing, NULL));
	long growing = malloc_debug_growth(STDOUT_FILENO, 4);

	printf("%ld stack grows\n", growing);
	if (growing > 0)
		malloc_debug_who_points(STDOUT_FILENO, clients[0]);
	return 0;
}
