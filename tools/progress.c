/* SPDX-License-Identifier: MIT */
#include "tools/progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define BETWEEN_MS 250

static uint64_t started, shown; /* milliseconds; 0: not yet */
static bool is_shown;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void md_progress(const char *format, ...)
{
	static signed char terminal = -1;
	uint64_t time;
	va_list arguments;

	if (terminal < 0)
		terminal = (signed char)isatty(STDERR_FILENO);
	if (!terminal)
		return;
	time = now();
	started = started ? started : time;
	if (time - started < FIRST_MS || time - shown < BETWEEN_MS)
		return;
	shown = time;
	is_shown = true;
	fputs("\r\033[K", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
}

void md_progress_end(void)
{
	if (is_shown)
		fputs("\r\033[K", stderr);
	is_shown = false;
	started = 0;
}
