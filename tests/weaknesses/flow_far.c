/* SPDX-License-Identifier: MIT
 *
 * The other source file of flow.c: what happens to blocks far from where they come from.
 */
#include "tests/weaknesses/flow.h"

#include "tests/weaknesses/weakness.h"

int *flow_global;
size_t flow_count;

int *flow_make(size_t count)
{
	return calloc(count, sizeof(int));
}

void flow_store(int *data, size_t index)
{
	data[index] = 1; // bug: stored_elsewhere stored_by_pointer stored_of_struct stored_in_thread stored_in_list
}

void flow_load(const int *data, ptrdiff_t index)
{
	int value = data[index]; // bug: loaded_elsewhere loaded_before_elsewhere loaded_freed_elsewhere loaded_by_pointer loaded_in_thread
	USE(value);
}

void flow_copy_global(void)
{
	int source[100] = {0};
	memcpy(flow_global, source, flow_count * sizeof *source); // bug: copied_to_global
	USE(*flow_global);
}

void flow_free(int *data)
{
	free(data); // bug: freed_twice_elsewhere freed_inside_elsewhere freed_stack_elsewhere freed_by_pointer_twice freed_in_thread_twice
}

void flow_free_of(struct holder *holder)
{
	free(holder->data); // bug: freed_twice_in_struct
}

void flow_free_at(int **data)
{
	free(*data); // bug: freed_twice_through_pointer
}

int *flow_return(int *data)
{
	HIDE(data);
	return data;
}

void flow_lose(void)
{
	flow_global = NULL;
}
