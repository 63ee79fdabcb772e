/* SPDX-License-Identifier: MIT
 *
 * A server with 20 threads that leaks one block of 77 bytes in every hundred requests, and clients in a process of their own that load it and check every
 * answer. Meanwhile the server is asked for its leaks by signal, as many times as the argument says, whose handler runs in the first or in another thread; it
 * neither hangs nor breaks a request, and no block in use is taken for leaked. At the end it says how many blocks it has lost.
 */
// leaks: 100 | leaks=no | direct=* reports=80-100
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/leak.h"

#define THREADS 20

struct request {
	uint32_t number, bytes;
};

static int sockets[THREADS][2];
static atomic_uint lost;

/* One word of an answer, so that the client can check it. */
static uint32_t word_of(uint32_t number, uint32_t i)
{
	return number * 2654435761u + i;
}

static void transfer(int fd, char *bytes, size_t count, int out)
{
	while (count) {
		ssize_t done = out ? write(fd, bytes, count) : read(fd, bytes, count);

		CHECK(done > 0); /* no EINTR, no end */
		bytes += done;
		count -= (size_t)done;
	}
}

/* The answer grows in pieces, as in real servers: much is in motion. */
static uint32_t *answer(const struct request *request)
{
	uint32_t *words = NULL, **parts = (uint32_t **)calloc(request->bytes / 256 + 1, sizeof *parts);
	size_t count = 0;

	for (uint32_t i = 0; i < request->bytes / 4; i++) {
		if (i % 64 == 0) {
			parts[i / 64] = (uint32_t *)malloc(256);
			words = (uint32_t *)realloc(words, (i + 64) * 4);
		}
		parts[i / 64][i % 64] = word_of(request->number, i);
		count = i / 64 + 1;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(words + i * 64, parts[i], 256);
		free(parts[i]);
	}
	free(parts);
	return words;
}

static void *serve(void *argument)
{
	int fd = *(int *)argument, events = epoll_create1(0), wait = 0;
	struct epoll_event event = { EPOLLIN };
	struct request request;

	epoll_ctl(events, EPOLL_CTL_ADD, fd, &event);
	for (;;) {
		if (++wait % 2) { /* half of the waits are in epoll_wait and poll, half in read */
			CHECK(epoll_wait(events, &event, 1, wait % 4 == 1 ? -1 : 100000) == 1);
		}
		transfer(fd, (char *)&request, sizeof request, 0);
		if (!request.bytes)
			return argument;
		uint32_t *words = answer(&request);

		transfer(fd, (char *)words, request.bytes, 1);
		free(words);
		if (request.number % 100 == 0) {
			keep(77);
			lost++;
		}
	}
}

/* A client loads the servers in turn until it is told to stop; each thread then gets a request of 0 bytes. */
static void load(int told)
{
	struct pollfd poll_for = { told, POLLIN, 0 };
	uint32_t number = 0, *words = (uint32_t *)malloc(65536);

	while (poll(&poll_for, 1, 0) == 0) {
		struct request requests[THREADS];

		for (int i = 0; i < THREADS; i++) {
			requests[i] = (struct request){ number, number % 16000 * 4 + 4 };
			number++;
			transfer(sockets[i][1], (char *)&requests[i], sizeof requests[i], 1);
		}
		for (int i = 0; i < THREADS; i++) {
			transfer(sockets[i][1], (char *)words, requests[i].bytes, 0);
			for (uint32_t j = 0; j < requests[i].bytes / 4; j++)
				CHECK(words[j] == word_of(requests[i].number, j));
		}
	}
	for (int i = 0; i < THREADS; i++) {
		struct request end = { 1, 0 };

		transfer(sockets[i][1], (char *)&end, sizeof end, 1);
	}
	_exit(number ? 0 : 1);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int told[2], status;

	CHECK(pipe(told) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]) == 0);
	fflush(stdout);
	pid_t client = fork();

	if (client == 0)
		load(told[0]);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, serve, &sockets[i][0]) == 0);
	for (int i = 0; i < atoi(argv[1]); i++) {
		struct timespec brief = { 0, 5000000 };

		/* A signal for the process as a whole ends calls of threads that do not get it, whether we are here or not, if somebody traces them. */
		if (i % 5) {
			look();
		} else {
			pthread_kill(threads[i / 5 % THREADS], SIGUSR2);
			brief.tv_nsec = 50000000; /* else the next would find that search under way */
		}
		CHECK(nanosleep(&brief, NULL) == 0);
	}
	CHECK(write(told[1], "x", 1) == 1);
	CHECK(waitpid(client, &status, 0) == client && status == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("lost %u\nok\n", lost);
	return 0;
}
