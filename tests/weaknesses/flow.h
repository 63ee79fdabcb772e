/* SPDX-License-Identifier: MIT
 *
 * What flow.c hands to another source file.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stddef.h>

struct holder {
	struct holder *next;
	int *data;
};

extern int *flow_global;
extern size_t flow_count;

int *flow_make(size_t count);
void flow_store(int *data, size_t index);
void flow_load(const int *data, ptrdiff_t index);
void flow_copy_global(void);
void flow_free(int *data);
void flow_free_of(struct holder *holder);
void flow_free_at(int **data);
int *flow_return(int *data);
void flow_lose(void);

#endif
