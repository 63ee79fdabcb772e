/* SPDX-License-Identifier: MIT
 *
 * The C library's own variables for checking the heap, as an existing CI sets them.
 */
#ifndef MD_OPTIONS_GLIBC_H
#define MD_OPTIONS_GLIBC_H

#include "src/options.h"

/* Reads MALLOC_CHECK_, MALLOC_PERTURB_ and GLIBC_TUNABLES; sources may be NULL. */
void md_options_read_glibc(struct md_options *options, const struct md_options_io *io, enum md_option_source *sources);

#endif
