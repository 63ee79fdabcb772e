/* SPDX-License-Identifier: MIT
 *
 * Sizes and indices that come from outside, or are computed wrongly: from the environment (WEAKNESS_INDEX is 10 for a bad case, 9 for a
 * good one), from files, pipes and sockets, by chance; negative ones; those of the pointer in place of what it points to.
 */
#include <ctype.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/weaknesses/weakness.h"

struct record {
	int64_t number;
	double value;
	char name[16];
};

/* --- an index from outside ------------------------------------------------- */

static int index_of_environment(void)
{
	return atoi(getenv("WEAKNESS_INDEX"));
}

static int index_of_file(bool bad)
{
	char line[32] = "";
	FILE *file = tmpfile();
	fprintf(file, "%d\n", bad ? 40 : 4);
	rewind(file);
	if (!fgets(line, sizeof line, file))
		abort();
	fclose(file);
	return atoi(line);
}

static int index_of_scanf(const char *text)
{
	int index = 0;
	sscanf(text, "%d", &index);
	return index;
}

static int index_of_socket(bool bad)
{
	int pair[2], index = bad ? 12 : 3, received = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || send(pair[0], &index, sizeof index, 0) < 0)
		abort();
	if (recv(pair[1], &received, sizeof received, 0) < 0)
		abort();
	close(pair[0]);
	close(pair[1]);
	return received;
}

static int index_by_chance(bool bad)
{
	srand(7);
	return rand() % 10 + (bad ? 12 : 0);
}

WEAKNESS(122, store_at_environment, OVERFLOW, LATER_SLACK)
{
	int *data = calloc(10, sizeof *data);
	data[index_of_environment()] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, store_at_environment_int64, OVERFLOW, AT)
{
	int64_t *data = calloc(10, sizeof *data);
	data[index_of_environment()] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, store_at_file, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_of_file(bad);
	if (index >= 0)
		data[index] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, store_at_socket, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_of_socket(bad);
	data[index] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, store_by_chance, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_by_chance(bad);
	data[index] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(124, store_at_negative, UNDERFLOW, AT_BY_WATCH)
{
	int *data = calloc(10, sizeof *data), index = index_of_scanf(bad ? "-1" : "1");
	if (index < 10)
		data[index] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(124, store_at_negative_far, UNDERFLOW, AT)
{
	int *data = calloc(1000, sizeof *data), index = index_of_scanf(bad ? "-200" : "1");
	if (index < 1000)
		memset(&data[index], 1, sizeof *data * pick(bad, 4, 4)); // bug
	USE(*data);
	free(data);
}

WEAKNESS(126, load_at_environment, OVERFLOW, UNSEEN_SLACK)
{
	int *data = calloc(10, sizeof *data);
	int value = data[index_of_environment()]; // bug
	USE(value);
	free(data);
}

WEAKNESS(126, load_at_environment_int64, OVERFLOW, AT)
{
	int64_t *data = calloc(10, sizeof *data);
	int64_t value = data[index_of_environment()]; // bug
	USE(value);
	free(data);
}

WEAKNESS(126, load_at_file, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_of_file(bad), value = 0;
	if (index >= 0)
		value = data[index]; // bug
	USE(value);
	free(data);
}

WEAKNESS(126, load_at_socket, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_of_socket(bad);
	int value = data[index]; // bug
	USE(value);
	free(data);
}

WEAKNESS(126, load_by_chance, OVERFLOW, AT)
{
	int *data = calloc(10, sizeof *data), index = index_by_chance(bad);
	int value = data[index]; // bug
	USE(value);
	free(data);
}

WEAKNESS(127, load_at_negative, UNDERFLOW, AT_BY_WATCH)
{
	int *data = calloc(10, sizeof *data), index = index_of_scanf(bad ? "-1" : "1"), value = 0;
	if (index < 10)
		value = data[index]; // bug
	USE(value);
	free(data);
}

/* A character that is negative is an index into a table. */
WEAKNESS(127, load_at_character, UNDERFLOW, AT)
{
	signed char character = (signed char)pick(bad, 0x80, 0x20);
	int *table = calloc(256, sizeof *table);
	int value[16];
	memcpy(value, table + character, pick(bad, 4, 4)); // bug
	USE(value);
	free(table);
}

/* --- lengths --------------------------------------------------------------- */

WEAKNESS(122, length_of_message, OVERFLOW, AT)
{
	struct {
		unsigned length;
		char text[120];
	} message = {bad ? 100 : 20};
	char *data = malloc(32);
	HIDE(message.length);
	memcpy(data, message.text, message.length); // bug
	USE(*data);
	free(data);
}

WEAKNESS(126, length_of_heartbeat, OVERFLOW, AT)
{
	char *request = malloc(24), answer[512];
	memset(request, 'r', 24);
	memcpy(answer, request, pick(bad, 400, 24)); // bug
	USE(answer);
	free(request);
}

/* Passes a test that was made for the signed number. */
WEAKNESS(122, negative_length, NEGATIVE, AT)
{
	int length = (int)pick(bad, (size_t)-1, 8);
	char *source = strdup("a long text"), *data = malloc(16);
	if (length < (int)pick(bad, 16, 16))
		memcpy(data, source, (size_t)length); // bug
	USE(*data);
	free(source);
	free(data);
}

/* A sum of 16 bits. */
WEAKNESS(122, length_wraps, OVERFLOW, AT)
{
	uint16_t length = (uint16_t)pick(bad, 65530, 100), room = length + 16;
	char *source = calloc(1, 65536), *data = malloc(room);
	memcpy(data + 16, source, length); // bug
	USE(*data);
	free(data);
	free(source);
}

WEAKNESS(122, read_too_much, OVERFLOW, AT)
{
	int ends[2];
	char *data = malloc(16), text[48] = "text";
	if (pipe(ends) || write(ends[1], text, sizeof text) != sizeof text || read(ends[0], data, pick(bad, 48, 16)) < 0) // bug
		abort();
	close(ends[0]);
	close(ends[1]);
	free(data);
}

WEAKNESS(122, receive_too_much, OVERFLOW, AT)
{
	int pair[2];
	char *data = malloc(16), text[48] = "text";
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || send(pair[0], text, sizeof text, 0) != sizeof text)
		abort();
	if (recv(pair[1], data, pick(bad, 48, 16), 0) < 0) // bug
		abort();
	close(pair[0]);
	close(pair[1]);
	free(data);
}

WEAKNESS(122, readlink_too_much, OVERFLOW, AT)
{
	char *data = malloc(4);
	if (readlink("/proc/self/exe", data, pick(bad, 4096, 4)) < 0) // bug
		abort();
	free(data);
}

WEAKNESS(126, write_too_much, OVERFLOW, AT)
{
	int ends[2];
	char *data = calloc(1, 24);
	if (pipe(ends) || write(ends[1], data, pick(bad, 40, 24)) < 0) // bug
		abort();
	close(ends[0]);
	close(ends[1]);
	free(data);
}

WEAKNESS(122, fread_too_much, OVERFLOW, AT)
{
	FILE *file = tmpfile();
	int64_t *data = malloc(5 * sizeof *data), zeros[10] = {0};
	fwrite(zeros, sizeof *zeros, 10, file);
	rewind(file);
	size_t count = fread(data, sizeof *data, pick(bad, 10, 5), file); // bug
	USE(count);
	fclose(file);
	free(data);
}

WEAKNESS(126, fwrite_too_much, OVERFLOW, AT)
{
	FILE *file = tmpfile();
	int *data = calloc(5, sizeof *data);
	size_t count = fwrite(data, sizeof *data, pick(bad, 6, 5), file); // bug
	USE(count);
	fclose(file);
	free(data);
}

static int compare(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

WEAKNESS(122, sort_too_many, OVERFLOW, AT)
{
	int *data = calloc(16, sizeof *data);
	qsort(data, pick(bad, 20, 16), sizeof *data, compare); // bug
	USE(*data);
	free(data);
}

/* --- sizes ----------------------------------------------------------------- */

/* Room for ten bytes, and not for ten numbers. */
WEAKNESS(122, ten_bytes_loop, OVERFLOW, AT)
{
	int *data = malloc(bad ? 10 : 10 * sizeof *data);
	for (int i = 0; i < 10; i++)
		data[i] = i; // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, ten_bytes_memcpy, OVERFLOW, AT)
{
	int source[10] = {0}, *data = malloc(bad ? 10 : sizeof source);
	memcpy(data, source, pick(bad, 10, 10) * sizeof *data); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, ten_bytes_memmove, OVERFLOW, AT)
{
	int source[10] = {0}, *data = malloc(bad ? 10 : sizeof source);
	memmove(data, source, pick(bad, 10, 10) * sizeof *data); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, size_of_pointer_struct, OVERFLOW, AT)
{
	struct record *data = malloc(bad ? sizeof data : sizeof *data);
	memset(data, 0, sizeof *data * pick(bad, 1, 1)); // bug
	USE(*data);
	free(data);
}

WEAKNESS(122, member_behind, OVERFLOW, AT)
{
	struct record *data = malloc(bad ? sizeof data : sizeof *data);
	HIDE(data);
	strcpy(data->name, "name"); // bug
	USE(*data);
	free(data);
}

/* A struct of one kind in the room of a smaller one. */
WEAKNESS(122, cast_to_larger, OVERFLOW, AT)
{
	void *data = malloc(bad ? sizeof(int) * 2 : sizeof(struct record));
	struct record *record = data;
	HIDE(record);
	record->name[15] = 1; // bug
	USE(*record);
	free(data);
}

/* Rows and columns the wrong way round. */
WEAKNESS(122, last_row, OVERFLOW, AT)
{
	double(*data)[8] = malloc(4 * sizeof *data);
	for (size_t row = 0; row < pick(bad, 5, 4); row++)
		for (int column = 0; column < 8; column++)
			data[row][column] = 1; // bug
	USE(*data);
	free(data);
}

/* Flexible array whose element was forgotten. */
struct names {
	size_t count;
	const char *names[];
};

WEAKNESS(122, flexible_array, OVERFLOW, AT)
{
	struct names *data = malloc(sizeof *data + (bad ? 3 : 4) * sizeof *data->names);
	for (size_t i = 0; i < 4; i++)
		data->names[i] = "name"; // bug
	USE(*data);
	free(data);
}

/* Blocks far larger than a page. */
WEAKNESS(122, large_one, OVERFLOW, AT)
{
	char *data = malloc(300000 * 16);
	data[pick(bad, 300000 * 16, 0)] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(126, large_read, OVERFLOW, AT)
{
	char *data = calloc(4096, 10);
	char value = data[pick(bad, 40960, 40959)]; // bug
	USE(value);
	free(data);
}

/* Far past the end, over everything that lies next to the block. */
WEAKNESS(122, far_store, OVERFLOW, AT)
{
	int *data = calloc(20, sizeof *data);
	data[pick(bad, 1044, 4)] = 1; // bug
	USE(*data);
	free(data);
}

WEAKNESS(126, far_load, OVERFLOW, AT)
{
	int *data = calloc(20, sizeof *data);
	int value = data[pick(bad, 1044, 4)]; // bug
	USE(value);
	free(data);
}

/* --- blocks that are not the newest, or few ---------------------------------- */

enum { NEWER = 20, MANY = 20000 };

static int64_t *make_older(int64_t **newer)
{
	int64_t *data = calloc(8, sizeof *data);
	for (int i = 0; i < NEWER; i++)
		newer[i] = calloc(8, sizeof **newer);
	return data;
}

WEAKNESS(124, store_before_older, UNDERFLOW, LATER_OLD)
{
	int64_t *newer[NEWER], *data = make_older(newer);
	data[(ptrdiff_t)pick(bad, (size_t)-1, 0)] = 1; // bug
	USE(*data);
	free(data);
	for (int i = 0; i < NEWER; i++)
		free(newer[i]);
}

WEAKNESS(127, load_before_older, UNDERFLOW, UNSEEN_OLD)
{
	int64_t *newer[NEWER], *data = make_older(newer);
	int64_t value = data[(ptrdiff_t)pick(bad, (size_t)-1, 0)]; // bug
	USE(value);
	free(data);
	for (int i = 0; i < NEWER; i++)
		free(newer[i]);
}

static int64_t *make_many(int64_t **others)
{
	for (int i = 0; i < MANY; i++)
		others[i] = calloc(8, sizeof **others);
	return others[MANY - 1];
}

WEAKNESS(122, store_behind_one_of_many, OVERFLOW, LATER_MANY)
{
	int64_t **others = malloc(MANY * sizeof *others), *data = make_many(others);
	data[pick(bad, 8, 7)] = 1; // bug
	HIDE(data);
	for (int i = 0; i < MANY; i++)
		free(others[i]);
	free(others);
}

WEAKNESS(126, load_behind_one_of_many, OVERFLOW, UNSEEN_MANY)
{
	int64_t **others = malloc(MANY * sizeof *others), *data = make_many(others);
	int64_t value = data[pick(bad, 8, 7)]; // bug
	USE(value);
	for (int i = 0; i < MANY; i++)
		free(others[i]);
	free(others);
}

/* The call is looked at, whatever stands behind the block. */
WEAKNESS(122, call_behind_one_of_many, OVERFLOW, AT)
{
	int64_t **others = malloc(MANY * sizeof *others), *data = make_many(others);
	memset(data, 1, pick(bad, 65, 64)); // bug
	HIDE(data);
	for (int i = 0; i < MANY; i++)
		free(others[i]);
	free(others);
}

WEAKNESS(416, call_on_freed_of_many, AFTER_FREE, AT)
{
	int64_t **others = malloc(MANY * sizeof *others), *data = make_many(others);
	for (int i = 0; i < MANY; i++)
		if (bad || others[i] != data)
			free(others[i]);
	HIDE(data);
	memset(data, 1, pick(bad, 8, 8)); // bug
	HIDE(data);
	if (!bad)
		free(data);
	free(others);
}
