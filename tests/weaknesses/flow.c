/* SPDX-License-Identifier: MIT
 *
 * The same errors where the block takes a longer way: through other functions and source files, pointers to pointers, globals, structs,
 * unions, arrays, lists, function pointers, callbacks, threads, loops and jumps. And errors that need two owners.
 */
#include "tests/weaknesses/flow.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include "tests/weaknesses/weakness.h"

/* --- to another function --------------------------------------------------- */

WEAKNESS(122, stored_elsewhere, OVERFLOW, AT)
{
	int *data = flow_make(12);
	flow_store(data, bad ? 12 : 11);
	free(data);
}

WEAKNESS(126, loaded_elsewhere, OVERFLOW, AT)
{
	int *data = flow_make(12);
	flow_load(data, bad ? 12 : 11);
	free(data);
}

WEAKNESS(127, loaded_before_elsewhere, UNDERFLOW, AT_BY_WATCH)
{
	int *data = flow_make(12);
	flow_load(data, bad ? -2 : 0);
	free(data);
}

WEAKNESS(416, loaded_freed_elsewhere, AFTER_FREE, AT)
{
	int *data = flow_make(12);
	if (bad)
		free(data);
	flow_load(data, 1);
	if (!bad)
		free(data);
}

WEAKNESS(415, freed_twice_elsewhere, DOUBLE_FREE, AT)
{
	int *data = flow_make(12);
	if (bad)
		free(data);
	flow_free(data);
}

WEAKNESS(761, freed_inside_elsewhere, BAD_FREE, AT)
{
	int *data = flow_make(12);
	flow_free(bad ? data + 1 : data);
	if (bad)
		free(data);
}

WEAKNESS(590, freed_stack_elsewhere, BAD_FREE, AT)
{
	int array[12] = {0};
	flow_free(bad ? array : flow_make(12));
	USE(array);
}

static int *returned(bool bad)
{
	int *data = flow_make(12);
	data = flow_return(data);
	if (bad)
		free(data);
	HIDE(data);
	return data;
}

WEAKNESS(416, freed_before_return, AFTER_FREE, AT)
{
	int *data = returned(bad);
	int value = *data; // bug
	USE(value);
	if (!bad)
		free(data);
}

/* --- through pointers, globals, structs ------------------------------------ */

WEAKNESS(122, stored_by_pointer, OVERFLOW, AT)
{
	void (*volatile store)(int *, size_t) = flow_store;
	int *data = flow_make(12);
	store(data, bad ? 100 : 1);
	free(data);
}

WEAKNESS(415, freed_by_pointer_twice, DOUBLE_FREE, AT)
{
	void (*volatile release)(int *) = flow_free;
	int *data = flow_make(12);
	if (bad)
		free(data);
	release(data);
}

WEAKNESS(416, loaded_by_pointer, AFTER_FREE, AT)
{
	void (*volatile load)(const int *, ptrdiff_t) = flow_load;
	int *data = flow_make(12);
	if (bad)
		free(data);
	load(data, 0);
	if (!bad)
		free(data);
}

WEAKNESS(122, copied_to_global, OVERFLOW, AT)
{
	flow_global = flow_make(50);
	flow_count = bad ? 100 : 50;
	flow_copy_global();
	free(flow_global);
}

WEAKNESS(415, freed_twice_through_pointer, DOUBLE_FREE, AT)
{
	int *data = flow_make(4), **where = &data;
	if (bad)
		free(*where);
	flow_free_at(where);
}

WEAKNESS(415, freed_twice_in_struct, DOUBLE_FREE, AT)
{
	struct holder one = {NULL, flow_make(4)}, other = one;
	if (!bad)
		other.data = flow_make(4);
	free(other.data);
	flow_free_of(&one);
}

WEAKNESS(122, stored_of_struct, OVERFLOW, AT)
{
	struct holder holder = {NULL, flow_make(bad ? 4 : 40)};
	flow_store(holder.data, 30);
	free(holder.data);
}

WEAKNESS(416, union_freed, AFTER_FREE, AT)
{
	union {
		int *one;
		char *other;
	} both = {flow_make(4)};
	if (bad)
		free(both.one);
	HIDE(both.other);
	char value = both.other[5]; // bug
	USE(value);
	if (!bad)
		free(both.one);
}

WEAKNESS(416, array_of_pointers_freed, AFTER_FREE, AT)
{
	int *rows[5];
	for (int i = 0; i < 5; i++)
		rows[i] = flow_make(5);
	for (int i = 0; i < 5; i++)
		free(rows[i]);
	int *row = bad ? rows[2] : flow_make(5);
	HIDE(row);
	row[1] = 1; // bug
	USE(*row);
	if (!bad)
		free(row);
}

static struct holder *make_list(int count)
{
	struct holder *list = NULL;
	while (count--) {
		struct holder *holder = malloc(sizeof *holder);
		*holder = (struct holder){list, flow_make(2)};
		list = holder;
	}
	return list;
}

static void free_list(struct holder *list)
{
	while (list) {
		struct holder *next = list->next;
		free(list->data);
		free(list);
		list = next;
	}
}

/* Steps on with the pointer that is in what was just freed. */
WEAKNESS(416, list_next_of_freed, AFTER_FREE, AT)
{
	struct holder *list = make_list(3), *first = list, *rest = list->next;
	if (bad) {
		free(first->data);
		free(first);
	}
	HIDE(list);
	struct holder *next = list->next; // bug
	USE(next);
	free_list(bad ? rest : list);
}

WEAKNESS(122, stored_in_list, OVERFLOW, AT)
{
	struct holder *list = make_list(3);
	flow_store(list->next->data, bad ? 8 : 1);
	free_list(list);
}

/* The list is freed, and one element of it was freed before. */
WEAKNESS(415, list_element_twice, DOUBLE_FREE, AT)
{
	struct holder *list = make_list(3), *next;
	if (bad)
		free(list->next->data);
	for (; list; list = next) {
		next = list->next;
		free(list->data); // bug
		free(list);
	}
}

static int compare(const void *one, const void *other)
{
	int *const *ours = one, *const *others = other;
	return **ours - **others; // bug: sort_of_freed
}

WEAKNESS(416, sort_of_freed, AFTER_FREE, AT)
{
	int *pointers[4], *freed;
	for (int i = 0; i < 4; i++)
		pointers[i] = flow_make(2);
	freed = pointers[2];
	if (bad)
		free(freed);
	qsort(pointers, 4, sizeof *pointers, compare);
	for (int i = 0; i < 4; i++)
		if (!bad || pointers[i] != freed)
			free(pointers[i]);
}

static void fill(int *data, ...)
{
	va_list values;
	int i = 0, value;
	va_start(values, data);
	while ((value = va_arg(values, int)))
		data[i++] = value; // bug: variable_arguments
	va_end(values);
	USE(*data);
}

WEAKNESS(122, variable_arguments, OVERFLOW, AT)
{
	int *data = flow_make(4);
	if (bad)
		fill(data, 1, 2, 3, 4, 5, 0);
	else
		fill(data, 1, 2, 3, 4, 0);
	free(data);
}

/* An error path that jumps over the free, or frees what the normal path frees again. */
WEAKNESS(415, freed_on_error_path, DOUBLE_FREE, AT)
{
	int *data = flow_make(4), failed = bad;
	HIDE(failed);
	if (failed)
		goto error;
	goto out;
error:
	free(data);
out:
	free(data); // bug
}

static jmp_buf unwound;

static void fail(int *data, int failed)
{
	if (failed) {
		free(data);
		longjmp(unwound, 1);
	}
}

WEAKNESS(416, used_after_longjmp, AFTER_FREE, AT)
{
	int *volatile data = flow_make(4);
	volatile int again = 0;
	if (!setjmp(unwound))
		fail(data, bad);
	else
		again = 1;
	int value = data[3]; // bug
	USE(value);
	if (!again)
		free(data);
}

/* The C library keeps the pointer, and reads the freed text in later calls that have nothing to do with it. */
WEAKNESS(416, environment_freed, AFTER_FREE, AT)
{
	char *data = strdup("WEAKNESS_SET=1");
	putenv(data);
	if (bad)
		free(data);
	const char *value = getenv("WEAKNESS_SET"); // bug
	USE(value);
	if (!bad) {
		unsetenv("WEAKNESS_SET");
		free(data);
	}
}

/* --- in threads ------------------------------------------------------------ */

static bool thread_bad;

static void *store_in_thread(void *data)
{
	flow_store(data, thread_bad ? 60 : 1);
	return NULL;
}

static void *free_in_thread(void *data)
{
	flow_free(data);
	return NULL;
}

static void *load_in_thread(void *data)
{
	flow_load(data, 0);
	return NULL;
}

static void *leak_in_thread(void *unused)
{
	int *data = calloc(7, sizeof *data); // bug: leak_of_thread
	USE(*data);
	if (!thread_bad)
		free(data);
	return unused;
}

static void run_thread(void *(*function)(void *), void *data, bool bad)
{
	pthread_t thread;
	thread_bad = bad;
	if (pthread_create(&thread, NULL, function, data) || pthread_join(thread, NULL))
		abort();
}

WEAKNESS(122, stored_in_thread, OVERFLOW, AT)
{
	int *data = flow_make(4);
	run_thread(store_in_thread, data, bad);
	free(data);
}

WEAKNESS(415, freed_in_thread_twice, DOUBLE_FREE, AT)
{
	int *data = flow_make(4);
	if (bad)
		free(data);
	run_thread(free_in_thread, data, bad);
}

WEAKNESS(416, loaded_in_thread, AFTER_FREE, AT)
{
	int *data = flow_make(4);
	if (bad)
		free(data);
	run_thread(load_in_thread, data, bad);
	if (!bad)
		free(data);
}

WEAKNESS(415, freed_by_both_threads, DOUBLE_FREE, AT)
{
	int *data = flow_make(4);
	run_thread(free_in_thread, bad ? data : flow_make(4), bad);
	free(data); // bug
}

WEAKNESS(401, leak_of_thread, LEAK, AT)
{
	run_thread(leak_in_thread, NULL, bad);
}

/* --- leaks ----------------------------------------------------------------- */

/* Of the elements only those that hang on the first one are lost with it. */
WEAKNESS(401, leak_list, LEAK, AT)
{
	struct holder *holder = malloc(sizeof *holder); // bug
	holder->next = NULL;
	holder->data = flow_make(2);
	HIDE(holder);
	if (!bad)
		free_list(holder);
}

/* The block is freed, what hangs on it is not. */
WEAKNESS(401, leak_member, LEAK, AT)
{
	struct holder *holder = malloc(sizeof *holder);
	holder->next = NULL;
	holder->data = calloc(2, sizeof(int)); // bug
	HIDE(holder);
	if (!bad)
		free(holder->data);
	free(holder);
}

WEAKNESS(401, leak_global_overwritten, LEAK, AT)
{
	flow_global = calloc(20, sizeof *flow_global); // bug
	if (!bad)
		free(flow_global);
	flow_lose();
}

static struct holder initialised;

static void initialise(void)
{
	initialised.data = calloc(25, sizeof(int)); // bug: leak_initialised_twice
}

WEAKNESS(401, leak_initialised_twice, LEAK, AT)
{
	initialise();
	if (bad)
		initialise();
	free(initialised.data);
	initialised.data = NULL;
}

/* What realloc returns is taken even when it fails, and the old pointer is lost. */
WEAKNESS(401, leak_failed_realloc, LEAK, AT)
{
	char *data = malloc(30); // bug
	USE(*data);
	char *larger = realloc(data, pick(bad, (size_t)-4096, 60));
	HIDE(larger);
	free(larger);
}

WEAKNESS(401, leak_pointer_moved, LEAK, AT)
{
	char *data = malloc(30), *block = data; // bug
	USE(*data);
	HIDE(data);
	if (bad)
		data = block = NULL;
	free(block);
}

WEAKNESS(401, leak_on_error_path, LEAK, AT)
{
	char *data = malloc(64); // bug
	USE(*data);
	int failed = bad;
	HIDE(failed);
	if (failed)
		return;
	free(data);
}

WEAKNESS(401, leak_returned, LEAK, AT)
{
	int *data = flow_return(calloc(6, sizeof *data)); // bug
	if (!bad)
		free(data);
}

WEAKNESS(401, leak_many, LEAK, AT)
{
	for (int i = 0; i < 100; i++) {
		char *data = malloc(10 + i); // bug
		USE(*data);
		if (!bad)
			free(data);
	}
}

WEAKNESS(401, leak_line, LEAK, AT)
{
	FILE *file = tmpfile();
	char *line = NULL;
	size_t size = 0;
	fputs("some line\n", file);
	rewind(file);
	if (getline(&line, &size, file) < 0) // bug
		abort();
	fclose(file);
	if (!bad)
		free(line);
	line = NULL;
	HIDE(line);
}
