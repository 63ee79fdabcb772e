/* SPDX-License-Identifier: MIT
 *
 * Writing profiles: what is live now, and what was allocated, in one of the formats, to an open descriptor.
 *
 * How         The rows (src/profile.h) and the names of all their frames first, then the pieces that the writers (report/profile_*.h) make,
 *             each out as soon as it is made: a profile of any size takes a few buffers.
 * Locking     the caller holds MD_LOCK_REPORT; the calling thread is busy. Other threads are not stopped.
 * Allocation  mapped pages, given back at the end.
 */
#ifndef MD_PROFILE_WRITE_H
#define MD_PROFILE_WRITE_H

#include "src/profile.h"

enum md_profile_format { MD_PROFILE_PPROF, MD_PROFILE_FOLDED, MD_PROFILE_MASSIF, MD_PROFILE_FORMATS };

/* live: what is live is the main thing, else what was allocated, where it is counted. series: for MD_PROFILE_MASSIF, all of which is
 * written. Returns 0 or a negated errno value. */
int md_profile_write(int fd, enum md_profile_format format, bool live, const struct md_series *series);

#endif
