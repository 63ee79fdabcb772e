// SPDX-License-Identifier: MIT
//
// What goes wrong with new and delete, for any element: freed by the wrong routine, twice, not at all, at the wrong place; used past its
// ends and after its deletion. One template is a case for each element that ALL names.
#include <new>

#include "tests/weaknesses/weakness.h"

struct Two {
	int one, other;
};

// Has members and no destructor: an array of it is a plain block.
class Plain {
public:
	Plain() : number(1), letter('a') {}
	int number;
	char letter;
	double value[3];
};

// An array of it has its length in front.
class Owner {
public:
	Owner() : text(strdup("owned")) {}
	Owner(const Owner &other) : text(strdup(other.text)) {}
	~Owner() { free(text); }
	char *text;
};

#define ALL_SMALL(number, name, report, seen)                                 \
	ROW(number, name##_char, #name "_char", report, seen, name<char>);       \
	ROW(number, name##_wchar, #name "_wchar", report, seen, name<wchar_t>);  \
	ROW(number, name##_int, #name "_int", report, seen, name<int>);          \
	ROW(number, name##_int64, #name "_int64", report, seen, name<int64_t>);  \
	ROW(number, name##_struct, #name "_struct", report, seen, name<Two>)
#define ALL(number, name, report, seen)          \
	ALL_SMALL(number, name, report, seen);      \
	ROW(number, name##_class, #name "_class", report, seen, name<Plain>)

enum { COUNT = 20 };

// --- the wrong routine (CWE-762) ---------------------------------------------

template <class T> void malloc_delete(bool bad)
{
	T *data = bad ? static_cast<T *>(malloc(sizeof(T))) : new T;
	HIDE(data);
	delete data; // bug
}
ALL(762, malloc_delete, MISMATCH, AT);

template <class T> void calloc_delete(bool bad)
{
	T *data = bad ? static_cast<T *>(calloc(COUNT, sizeof(T))) : new T;
	HIDE(data);
	delete data; // bug
}
ALL(762, calloc_delete, MISMATCH, AT);

template <class T> void realloc_delete(bool bad)
{
	T *data = bad ? static_cast<T *>(realloc(nullptr, COUNT * sizeof(T))) : new T;
	HIDE(data);
	delete data; // bug
}
ALL(762, realloc_delete, MISMATCH, AT);

template <class T> void malloc_delete_array(bool bad)
{
	T *data = bad ? static_cast<T *>(malloc(COUNT * sizeof(T))) : new T[COUNT];
	HIDE(data);
	delete[] data; // bug
}
ALL(762, malloc_delete_array, MISMATCH, AT);

template <class T> void calloc_delete_array(bool bad)
{
	T *data = bad ? static_cast<T *>(calloc(COUNT, sizeof(T))) : new T[COUNT];
	HIDE(data);
	delete[] data; // bug
}
ALL(762, calloc_delete_array, MISMATCH, AT);

template <class T> void realloc_delete_array(bool bad)
{
	T *data = bad ? static_cast<T *>(realloc(malloc(1), COUNT * sizeof(T))) : new T[COUNT];
	HIDE(data);
	delete[] data; // bug
}
ALL(762, realloc_delete_array, MISMATCH, AT);

template <class T> void new_free(bool bad)
{
	T *data = bad ? new T : static_cast<T *>(malloc(sizeof(T)));
	HIDE(data);
	free(data); // bug
}
ALL(762, new_free, MISMATCH, AT);

template <class T> void new_array_free(bool bad)
{
	T *data = bad ? new T[COUNT] : static_cast<T *>(malloc(COUNT * sizeof(T)));
	HIDE(data);
	free(data); // bug
}
ALL(762, new_array_free, MISMATCH, AT);

template <class T> void new_delete_array(bool bad)
{
	T *data = bad ? new T : new T[COUNT];
	HIDE(data);
	delete[] data; // bug
}
ALL(762, new_delete_array, MISMATCH, AT);

template <class T> void new_array_delete(bool bad)
{
	T *data = bad ? new T[COUNT] : new T;
	HIDE(data);
	delete data; // bug
}
ALL(762, new_array_delete, MISMATCH, AT);

template <class T> void new_array_realloc(bool bad)
{
	void *data = bad ? new T[COUNT] : malloc(COUNT * sizeof(T));
	HIDE(data);
	data = realloc(data, 2 * COUNT * sizeof(T)); // bug
	free(data);
}
ALL(762, new_array_realloc, MISMATCH, AT);

// --- twice, and after it (CWE-415, CWE-416) ----------------------------------

template <class T> void deleted_twice(bool bad)
{
	T *data = new T, *other = bad ? data : new T;
	HIDE(other);
	delete data;
	delete other; // bug
}
ALL(415, deleted_twice, DOUBLE_FREE, AT);

template <class T> void array_deleted_twice(bool bad)
{
	T *data = new T[COUNT], *other = bad ? data : new T[COUNT];
	HIDE(other);
	delete[] data;
	delete[] other; // bug
}
ALL(415, array_deleted_twice, DOUBLE_FREE, AT);

template <class T> void read_deleted(bool bad)
{
	T *data = new T();
	if (bad)
		delete data;
	HIDE(data);
	T value = *data; // bug
	USE(value);
	if (!bad)
		delete data;
}
ALL(416, read_deleted, AFTER_FREE, AT);

template <class T> void write_deleted_array(bool bad)
{
	T *data = new T[COUNT]();
	if (bad)
		delete[] data;
	HIDE(data);
	memset(static_cast<void *>(data + COUNT - 1), 1, sizeof(T)); // bug
	USE(*data);
	if (!bad)
		delete[] data;
}
ALL(416, write_deleted_array, AFTER_FREE, AT);

// --- not allocated, or not there (CWE-590, CWE-761) --------------------------

template <class T> void delete_stack(bool bad)
{
	T one{}, *block = new T(), *data = bad ? &one : block;
	HIDE(data);
	delete data; // bug
	if (bad)
		delete block;
}
ALL(590, delete_stack, BAD_FREE, AT);

template <class T> void delete_array_stack(bool bad)
{
	T array[COUNT]{}, *block = new T[COUNT], *data = bad ? array : block;
	HIDE(data);
	delete[] data; // bug
	if (bad)
		delete[] block;
}
ALL(590, delete_array_stack, BAD_FREE, AT);

template <class T> void delete_static(bool bad)
{
	static T one;
	T *data = bad ? &one : new T;
	HIDE(data);
	delete data; // bug
}
ALL(590, delete_static, BAD_FREE, AT);

template <class T> void delete_array_alloca(bool bad)
{
	T *data = bad ? static_cast<T *>(__builtin_alloca(COUNT * sizeof(T))) : new T[COUNT];
	HIDE(data);
	memset(static_cast<void *>(data), 1, COUNT * sizeof(T));
	delete[] data; // bug
}
ALL(590, delete_array_alloca, BAD_FREE, AT);

template <class T> void delete_placement(bool bad)
{
	alignas(T) char room[sizeof(T)];
	T *data = bad ? new (room) T : new T;
	HIDE(data);
	delete data; // bug
}
ALL(590, delete_placement, BAD_FREE, AT);

template <class T> void delete_array_inside(bool bad)
{
	T *block = new T[COUNT], *data = bad ? block + 2 : block;
	HIDE(data);
	delete[] data; // bug
	if (bad)
		delete[] block;
}
ALL(761, delete_array_inside, BAD_FREE, AT);

// --- never deleted (CWE-401) -------------------------------------------------

template <class T> void leak_new(bool bad)
{
	T *data = new T(); // bug
	USE(*data);
	if (!bad)
		delete data;
}
ALL(401, leak_new, LEAK, AT);

template <class T> void leak_new_array(bool bad)
{
	T *data = new T[COUNT](); // bug
	USE(*data);
	if (!bad)
		delete[] data;
}
ALL(401, leak_new_array, LEAK, AT);

// --- past the ends -----------------------------------------------------------

template <class T> void new_overflow_loop(bool bad)
{
	T value{}, *data = new T[COUNT];
	size_t count = pick(bad, COUNT + 16, COUNT);
	for (size_t i = 0; i < count; i++)
		data[i] = value; // bug
	USE(*data);
	delete[] data;
}
ALL(122, new_overflow_loop, OVERFLOW, AT);

template <class T> void new_overread_loop(bool bad)
{
	T *data = new T[COUNT](), copy[2 * COUNT];
	size_t count = pick(bad, COUNT + 16, COUNT);
	for (size_t i = 0; i < count; i++)
		copy[i] = data[i]; // bug
	USE(copy);
	delete[] data;
}
ALL(126, new_overread_loop, OVERFLOW, AT);

template <class T> void new_underwrite(bool bad)
{
	T value{}, *data = new T[COUNT]();
	ptrdiff_t index = bad ? -1 : 0;
	HIDE(index);
	data[index] = value; // bug
	USE(*data);
	delete[] data;
}
ALL(124, new_underwrite, UNDERFLOW, AT_BY_WATCH);

template <class T> void new_underread(bool bad)
{
	T *data = new T[COUNT]();
	ptrdiff_t index = bad ? -1 : 0;
	HIDE(index);
	T value = data[index]; // bug
	USE(value);
	delete[] data;
}
ALL_SMALL(127, new_underread, UNDERFLOW, AT_BY_WATCH);
ROW(127, new_underread_class, "new_underread_class", UNDERFLOW, LOADED_BY_VECTOR, new_underread<Plain>);

// --- further pairs -----------------------------------------------------------

WEAKNESS(762, strdup_delete, MISMATCH, AT)
{
	char *data = bad ? strdup("text") : new char;
	HIDE(data);
	delete data; // bug
}

WEAKNESS(762, strdup_delete_array, MISMATCH, AT)
{
	char *data = bad ? strdup("text") : new char[5];
	HIDE(data);
	delete[] data; // bug
}

WEAKNESS(762, wcsdup_delete, MISMATCH, AT)
{
	wchar_t *data = bad ? wcsdup(L"text") : new wchar_t;
	HIDE(data);
	delete data; // bug
}

WEAKNESS(762, wcsdup_delete_array, MISMATCH, AT)
{
	wchar_t *data = bad ? wcsdup(L"text") : new wchar_t[5];
	HIDE(data);
	delete[] data; // bug
}

WEAKNESS(762, strndup_delete_array, MISMATCH, AT)
{
	char *data = bad ? strndup("text", 3) : new char[5];
	HIDE(data);
	delete[] data; // bug
}

WEAKNESS(762, new_nothrow_free, MISMATCH, AT)
{
	void *data = bad ? new (std::nothrow) int : malloc(4);
	HIDE(data);
	free(data); // bug
}

WEAKNESS(762, operator_new_free, MISMATCH, AT)
{
	void *data = bad ? operator new(64) : malloc(64);
	HIDE(data);
	free(data); // bug
}

// The elements would be taken from the length in front: the pointer is not even that of the block.
WEAKNESS(762, new_array_free_owner, BAD_FREE, AT)
{
	Owner *data = new Owner[3];
	if (bad) {
		for (int i = 0; i < 3; i++)
			data[i].~Owner();
		HIDE(data);
		free(data); // bug
		operator delete[](reinterpret_cast<char *>(data) - 8);
	} else {
		delete[] data;
	}
}

WEAKNESS(762, new_array_delete_owner, BAD_FREE, AT)
{
	Owner *data = bad ? new Owner[1] : new Owner;
	HIDE(data);
	delete data; // bug
	if (bad)
		operator delete[](reinterpret_cast<char *>(data) - 8);
}
