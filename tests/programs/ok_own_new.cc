/* SPDX-License-Identifier: MIT
 *
 * A program that replaces operator new and delete, but not malloc: its operators are used, by new[] too, and freeing through them is no
 * mismatch.
 */
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "tests/programs/ok.h"

static long made, gone;

void *operator new(std::size_t size)
{
	void *p = std::malloc(size ? size : 1);

	if (!p)
		throw std::bad_alloc();
	made++;
	return p;
}

void operator delete(void *p) noexcept
{
	if (p)
		gone++;
	std::free(p);
}

void operator delete(void *p, std::size_t) noexcept
{
	operator delete(p);
}

int main()
{
	long before = made;

	delete new int;
	CHECK(made == before + 1 && gone >= 1);
	before = made;
	delete[] new int[100];
	CHECK(made == before + 1);
	{
		std::vector<std::string> words;
		for (int i = 0; i < 1000; i++)
			words.push_back("a word that is long enough to be on the heap " + std::to_string(i));
	}
	delete new (std::nothrow) int;
	free(malloc(10));
	CHECK(made == gone);
	puts("ok");
	return 0;
}
