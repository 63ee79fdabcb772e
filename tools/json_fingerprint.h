/* SPDX-License-Identifier: MIT
 *
 * The fingerprint of a report that was read from JSON: what the library would have written if it had known the names that stand in it now.
 * malloc-debug-report(5) has the definition.
 */
#ifndef MD_JSON_FINGERPRINT_H
#define MD_JSON_FINGERPRINT_H

#include <stdint.h>

#include "tools/json_read.h"

/* Of a report of type error. */
uint64_t md_json_fingerprint_error(const struct md_value *report);

/* Of what is told by a kind ("direct-leak") and one stack. */
uint64_t md_json_fingerprint_stack(const char *kind, const struct md_value *stack);

/* The kind of a group of leaks, as fingerprints have it. */
const char *md_json_leak_slug(const struct md_value *group);

#endif
