/* SPDX-License-Identifier: MIT
 *
 * What the writers of profiles (profile_proto.h, profile_folded.h, profile_massif.h) have to say, as plain data.
 */
#ifndef MD_PROFILE_REPORT_H
#define MD_PROFILE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/stack_text.h"
#include "src/profile.h"

/* Where the code of a module is mapped, as the system's own list of mappings has it. */
struct md_profile_place {
	uintptr_t begin, end;
	uint64_t offset; /* in the file */
};

struct md_profile_report {
	const struct md_profile *profile;
	const struct md_stack_printer *printer;
	const struct md_profile_place *places; /* by row of the module table */
	uint32_t pid;
	const char *program;
	uint64_t wall_nanoseconds;     /* when it was taken, since 1970 */
	uint64_t duration_nanoseconds; /* since the start of the process */
	bool live; /* what is live is the main thing, else what was allocated (which must then be known) */
};

#endif
