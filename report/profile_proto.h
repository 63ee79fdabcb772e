/* SPDX-License-Identifier: MIT
 *
 * Profile in the format of pprof (profile.proto, not packed yet), which profile stores take.
 *
 * The message is written in pieces: md_profile_proto_begin, each row, then each frame that occurs in them, each module of these, and last
 * the strings. Values are those of heap profiles elsewhere: alloc_objects and alloc_space (where they are known), inuse_objects,
 * inuse_space. Locations have the numbers of frames, mappings those of modules. Addresses are those of the call, not of the return.
 * Locations without a name are for the reader to look up by build id: where all locations of a module have names the mapping says so.
 *
 * Invariants    Each piece takes at most MD_PROFILE_PROTO_PIECE bytes. Strings that find no room become the empty string.
 * Allocation and signal safety   none, and async-signal-safe; the state is the caller's, zeroed. Strings are kept by their address: names,
 *               modules and report must stay until the end.
 */
#ifndef MD_PROFILE_PROTO_H
#define MD_PROFILE_PROTO_H

#include "report/profile_report.h"

#define MD_PROFILE_PROTO_PIECE ((size_t)8192)
#define MD_PROFILE_STRINGS_MAX ((uint32_t)1 << 17)

struct md_profile_function {
	uint32_t name, file; /* strings */
};

/* A table that finds what was put in before: numbers of entries, by hash; 0: empty. */
struct md_profile_index {
	uint32_t count; /* entries are numbered from 1 */
	uint32_t heads[2 * MD_PROFILE_STRINGS_MAX];
};

struct md_profile_proto {
	struct md_profile_index string_index, function_index;
	const char *strings[MD_PROFILE_STRINGS_MAX]; /* entry 0 is "" */
	struct md_profile_function functions[MD_PROFILE_STRINGS_MAX];
	bool unnamed[MD_MODULES_MAX]; /* modules with locations that have no name */
	char build_ids[MD_MODULES_MAX][2 * MD_BUILD_ID_MAX + 1];
	char text[MD_PROFILE_PROTO_PIECE / 2];
};

void md_profile_proto_begin(struct md_profile_proto *proto, const struct md_profile_report *report, struct md_text *out);
void md_profile_proto_row(struct md_profile_proto *proto, const struct md_profile_report *report, const struct md_profile_row *row, struct md_text *out);
void md_profile_proto_frame(struct md_profile_proto *proto, const struct md_profile_report *report, uint32_t number, struct md_text *out);
void md_profile_proto_module(struct md_profile_proto *proto, const struct md_profile_report *report, uint16_t module, struct md_text *out);

/* The i-th string; false after the last. */
bool md_profile_proto_string(struct md_profile_proto *proto, uint32_t i, struct md_text *out);

#endif
