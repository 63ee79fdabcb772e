/* SPDX-License-Identifier: MIT
 *
 * Symbol protocol: what the examined process and the symbol helper say to each other over a stream socket.
 *
 *   process                              helper
 *   HELLO version, time limit       -->
 *                                   <--  HELLO version
 *   ASK index, module, address ...  -->
 *                                   <--  ANSWER index, entries (innermost inlined function first) ...
 *   END                             -->
 *                                   <--  NOTE text (any time, may be missing), DONE
 *
 * A message is two 32-bit numbers, kind and bytes of payload, and the payload. Numbers have the machine's byte order: both sides run on one
 * machine, and the magic number tells if they do not. Frames are asked for and answered in ascending order of index, each at most once.
 *
 * Neither side trusts the other: every length is checked against what was received and against the limits below, a message of a kind or
 * shape that is not expected ends the conversation, and control characters in names are replaced, since names come from files of the
 * program.
 *
 * All functions are pure: they work on the caller's memory, allocate nothing and take no locks.
 */
#ifndef MD_SYMBOL_PROTOCOL_H
#define MD_SYMBOL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/names.h"

#define MD_SYMBOL_VERSION 1

#define MD_SYMBOL_FRAMES_MAX 8192  /* frames in one conversation */
#define MD_SYMBOL_PATH_MAX 4096    /* bytes of a module's path */
#define MD_SYMBOL_TEXT_MAX 2000    /* bytes of a function or file name; longer ones end in "..." */
#define MD_SYMBOL_ENTRIES_MAX 32   /* functions at one address */
#define MD_SYMBOL_NOTE_MAX 200     /* bytes of a note */
#define MD_SYMBOL_REQUEST_MAX 8192 /* bytes of the largest message to the helper */
#define MD_SYMBOL_REPLY_MAX (MD_SYMBOL_ENTRIES_MAX * (2 * MD_SYMBOL_TEXT_MAX + 16) + 64) /* and from it */

/* --- Requests ------------------------------------------------------------- */

enum md_symbol_request_kind { MD_SYMBOL_HELLO = 1, MD_SYMBOL_ASK, MD_SYMBOL_END };

struct md_symbol_request {
	enum md_symbol_request_kind kind;

	/* MD_SYMBOL_HELLO */
	uint32_t version;
	uint32_t timeout_ms; /* the process waits this long for all answers */

	/* MD_SYMBOL_ASK */
	uint32_t index;   /* comes back in the answer */
	uint64_t address; /* return address as the file counts: less what the loader added */
	const char *path; /* of the module; not NUL-terminated when parsed: points into the message */
	size_t path_bytes;
	uint8_t build_id[MD_BUILD_ID_MAX];
	uint8_t build_id_bytes; /* 0: unknown */
};

/* Writes one message. Returns its bytes, or 0 if it does not fit or breaks a limit. */
size_t md_symbol_request_write(const struct md_symbol_request *request, void *buffer, size_t bytes);

/* Reads the first message of bytes. Returns the bytes it took; 0 if more are needed; -1 if it is malformed. */
long md_symbol_request_parse(struct md_symbol_request *request, const void *bytes, size_t count);

/* --- Replies -------------------------------------------------------------- */

/* Each writes one message into buffer and returns its bytes, or 0 if it does not fit. Texts are shortened to their limits. */
size_t md_symbol_reply_hello(void *buffer, size_t bytes);
/* inlined of the entries is ignored: all but the last are. Of more than MD_SYMBOL_ENTRIES_MAX entries, the innermost and the last go. */
size_t md_symbol_reply_answer(uint32_t index, const struct md_name *entries, size_t entry_count, void *buffer, size_t bytes);
size_t md_symbol_reply_note(const char *note, void *buffer, size_t bytes);
size_t md_symbol_reply_done(void *buffer, size_t bytes);

/* What the process knows of a conversation. Set frames, frame_count and names, zero the rest. */
struct md_symbol_replies {
	const struct md_frame *frames; /* asked for; an answer's index is one of this array */
	size_t frame_count;
	struct md_names *names; /* filled */

	bool greeted;      /* the helper said HELLO */
	bool done;         /* the helper said DONE */
	bool full;         /* names had no room for all answers */
	uint32_t version;  /* of the helper, once it said HELLO; the conversation ends if it is not ours */
	size_t next_index; /* answers below this came */
	size_t answer_count;
	char note[MD_SYMBOL_NOTE_MAX + 1];     /* last note; "" if none */
	char function[MD_SYMBOL_TEXT_MAX + 1]; /* scratch */
	char file[MD_SYMBOL_TEXT_MAX + 1];     /* scratch */
};

/* Takes in as many whole messages as there are in bytes. Returns the bytes they took (the rest is the beginning of a message: call again
 * with it and more), or -1 if the helper breaks the protocol; what was answered before stays in names. */
long md_symbol_replies_parse(struct md_symbol_replies *replies, const void *bytes, size_t count);

#endif
