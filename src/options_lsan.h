/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's options, as a program that was made for it gives them (__lsan_default_options) or a CI sets them (LSAN_OPTIONS).
 */
#ifndef MD_OPTIONS_LSAN_H
#define MD_OPTIONS_LSAN_H

#include "src/options.h"

/* Takes over what our options can say; what they cannot is complained about by name, or passed over where it comes from the program. Options that have a value from a higher source than `source` keep
 * it. place begins each complaint ("LSAN_OPTIONS"). sources may be NULL. */
void md_options_read_lsan(struct md_options *options, const char *text, const char *place, enum md_option_source source,
	const struct md_options_io *io, enum md_option_source *sources);

#endif
