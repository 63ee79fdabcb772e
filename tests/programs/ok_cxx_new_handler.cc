/* SPDX-License-Identifier: MIT
 *
 * operator new that cannot be served: calls the new handler again and again while there is one, then throws std::bad_alloc; the nothrow
 * forms give a null pointer.
 */
// build: -std=c++17
#include <cstdint>
#include <new>

#include "tests/programs/ok.h"

static int calls;

static void give_up_after_three()
{
	if (++calls == 3)
		std::set_new_handler(nullptr);
}

static void throw_at_once()
{
	throw 42;
}

template <class F> static int tried(F &&call)
{
	calls = 0;
	std::set_new_handler(give_up_after_three);
	try {
		call();
	} catch (const std::bad_alloc &) {
		return calls;
	}
	return -1;
}

int main()
{
	volatile size_t huge = PTRDIFF_MAX - 100;
	const auto align = std::align_val_t(64);

	CHECK(tried([&] { (void)::operator new(huge); }) == 3);
	CHECK(tried([&] { (void)::operator new[](huge); }) == 3);
	CHECK(tried([&] { (void)::operator new(huge, align); }) == 3);
	CHECK(tried([&] { (void)::operator new[](huge, align); }) == 3);
	volatile size_t count = SIZE_MAX / 4;
	calls = 0;
	try {
		(void)new long[count];
		CHECK(false);
	} catch (const std::bad_array_new_length &) {
	}
	calls = 0;
	std::set_new_handler(give_up_after_three);
	CHECK(::operator new(huge, std::nothrow) == nullptr && calls == 3);
	calls = 0;
	std::set_new_handler(give_up_after_three);
	CHECK(::operator new[](huge, align, std::nothrow) == nullptr && calls == 3);

	std::set_new_handler(throw_at_once);
	int caught = 0;
	try {
		(void)::operator new(huge);
	} catch (int value) {
		caught = value;
	}
	CHECK(caught == 42);
	puts("ok");
	return 0;
}
