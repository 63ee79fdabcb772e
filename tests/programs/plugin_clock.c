/* SPDX-License-Identifier: MIT
 *
 * A library to be preloaded that puts its own clock in place of the C library's, as libfaketime does: it jumps to and fro by years, and allocates.
 */
// build: -shared -fPIC
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned calls;

int clock_gettime(clockid_t clock, struct timespec *time)
{
	static const long jumps[] = { 0, 100000000, -100000000, 7, -900000000 };
	int result = (int)syscall(SYS_clock_gettime, clock, time);

	free(malloc(100));
	time->tv_sec += jumps[calls++ % 5];
	return result;
}

int gettimeofday(struct timeval *time, void *zone)
{
	struct timespec now;
	int result = clock_gettime(CLOCK_REALTIME, &now);

	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return result;
}

time_t time(time_t *to)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (to)
		*to = now.tv_sec;
	return now.tv_sec;
}
