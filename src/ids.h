/* SPDX-License-Identifier: MIT
 *
 * Small numbers that stand for things. Each is a struct, so that it cannot be taken for a count or for another kind of number.
 */
#ifndef MD_IDS_H
#define MD_IDS_H

#include <stdint.h>

typedef struct {
	uint32_t value;
} md_stack_id; /* a stack in the stack store; 0: none was taken */

#define MD_STACK_NONE ((md_stack_id){ 0 })

typedef struct {
	uint16_t value;
} md_thread_id; /* a row of the thread table; 0: unknown, 1: the first thread (T0 in reports) */

#define MD_THREAD_NONE ((md_thread_id){ 0 })

#endif
