/* SPDX-License-Identifier: MIT
 *
 * The symbol helper: `malloc-debug symbolizer`, started by the library when it prints a report. Reads frames from descriptor 0 and writes
 * the functions, files and lines at them to descriptor 1 (report/symbol_protocol.h). This file has the conversation; files and symbol
 * tables are tools/symbol_file.h, debug information tools/symbol_dwarf.h, with elfutils' libraries.
 *
 * Files are the program's and may be crafted: loops are bounded, and a crash or an endless loop inside a library costs only the names not
 * yet sent, because answers leave one by one and the process that asks has a time limit (ours ends a little after it, by SIGALRM).
 *
 * A report waits for us, mostly for a handful of names: what is read, and how much of it, decides (an empty run takes 1 ms).
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "report/symbol_protocol.h"
#include "tools/commands.h"
#include "tools/symbol_answer.h"
#include "tools/symbol_file.h"

/* Writes all of a message. False when nobody listens any more. */
static bool send_message(const void *message, size_t bytes)
{
	const char *at = message;

	while (bytes > 0) {
		ssize_t written = write(STDOUT_FILENO, at, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		bytes -= (size_t)written;
	}
	return true;
}

static bool answer_request(const struct md_symbol_request *request)
{
	static char message[MD_SYMBOL_REPLY_MAX];
	static struct md_symbol_answer answer;

	/* The vdso and the like have no file. A return address is after the call; the byte before it is inside. */
	if (memchr(request->path, '/', request->path_bytes) && request->address > 0) {
		struct md_symbol_file *file = md_symbol_file_find(request);

		if (file)
			md_symbol_file_name(file, request->address - 1, &answer);
	}
	bool sent = send_message(
		message, md_symbol_reply_answer(request->index, answer.entries, answer.entry_count, message, sizeof message));
	md_symbol_answer_clear(&answer);
	return sent;
}

/* Says which modules could not be used. */
static bool send_problems(void)
{
	char message[MD_SYMBOL_NOTE_MAX + 64];
	const char *note = md_symbol_file_problems();

	return !note || send_message(message, md_symbol_reply_note(note, message, sizeof message));
}

/* Keeps servers and endless loops from outliving the interest in the answers. */
static void limit_time(uint32_t timeout_ms)
{
	char seconds[16];

	alarm(timeout_ms / 1000 + 2);
	snprintf(seconds, sizeof seconds, "%" PRIu32, timeout_ms / 3000 + 1);
	setenv("DEBUGINFOD_TIMEOUT", seconds, 0); /* 0: what the user has set stays */
	setenv("DEBUGINFOD_MAXTIME", seconds, 0);
	unsetenv("DEBUGINFOD_PROGRESS");
}

static bool serve(const struct md_symbol_request *request)
{
	char message[64];

	switch (request->kind) {
	case MD_SYMBOL_HELLO:
		limit_time(request->timeout_ms);
		return send_message(message, md_symbol_reply_hello(message, sizeof message)) && request->version == MD_SYMBOL_VERSION;
	case MD_SYMBOL_ASK:
		return answer_request(request);
	default:
		return send_problems() && send_message(message, md_symbol_reply_done(message, sizeof message));
	}
}

int md_cmd_symbolizer(int argc, char **argv)
{
	static char buffer[2 * MD_SYMBOL_REQUEST_MAX];
	size_t filled = 0;

	(void)argv;
	if (argc > 1 || isatty(STDIN_FILENO)) {
		fputs("malloc-debug symbolizer: this is started by the library to find symbol names; it takes no arguments\n", stderr);
		return 2;
	}
	/* A terminal sends these to the program and to us alike; what the program does with them is its affair. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }); /* a core of ours would be taken for the program's */

	for (;;) {
		struct md_symbol_request request;
		size_t used = 0;
		long taken;

		while ((taken = md_symbol_request_parse(&request, buffer + used, filled - used)) > 0) {
			if (!serve(&request))
				return 1;
			if (request.kind == MD_SYMBOL_END)
				return 0;
			used += (size_t)taken;
		}
		if (taken < 0)
			return 1;
		filled -= used;
		memmove(buffer, buffer + used, filled);

		ssize_t got = read(STDIN_FILENO, buffer + filled, sizeof buffer - filled);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 1;
		filled += (size_t)got;
	}
}
