/* SPDX-License-Identifier: MIT
 *
 * One intercepted call, as it travels down: who asked for what, from where.
 */
#ifndef MD_CALL_H
#define MD_CALL_H

#include <stddef.h>

#include "src/api.h"
#include "src/ids.h"

struct md_call {
	enum md_api api;
	md_stack_id stack;
	size_t size;      /* bytes asked for, or claimed by a sized free; 0 where the interface takes none */
	size_t alignment; /* asked for, or claimed by an aligned free; 0 where the interface takes none */
};

#endif
