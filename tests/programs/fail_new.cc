// SPDX-License-Identifier: MIT
// build: -rdynamic -std=c++17
// What operator new does when its memory fails on purpose, as one letter for each form: 't' std::bad_alloc, 'n' a null pointer, '.' served.
#include <new>
#include <unistd.h>

static int handled;

static void handle()
{
	handled++;
	std::set_new_handler(nullptr);
}

struct alignas(64) wide {
	char bytes[64];
};

template <class Make> static char attempt(Make make)
{
	try {
		return make() ? '.' : 'n';
	} catch (const std::bad_alloc &) {
		return 't';
	}
}

// One function each, by which the test lets one fail.
extern "C" __attribute__((noinline)) char make_one() { return attempt([] { int *p = new int; delete p; return p != nullptr; }); }
extern "C" __attribute__((noinline)) char make_array() { return attempt([] { char *p = new char[100]; delete[] p; return p != nullptr; }); }
extern "C" __attribute__((noinline)) char make_nothrow()
{
	return attempt([] { int *p = new (std::nothrow) int; delete p; return p != nullptr; });
}
extern "C" __attribute__((noinline)) char make_nothrow_array()
{
	return attempt([] { char *p = new (std::nothrow) char[100]; delete[] p; return p != nullptr; });
}
extern "C" __attribute__((noinline)) char make_wide() { return attempt([] { wide *p = new wide; delete p; return p != nullptr; }); }
extern "C" __attribute__((noinline)) char make_with_handler()
{
	std::set_new_handler(handle);
	char result = attempt([] { int *p = new int; delete p; return p != nullptr; });

	std::set_new_handler(nullptr);
	return handled == 1 && result == '.' ? 'h' : result;
}

int main()
{
	char line[] = { make_one(), make_array(), make_nothrow(), make_nothrow_array(), make_wide(), make_with_handler(), make_one(), '\n' };

	return write(1, line, sizeof line) < 0;
}
