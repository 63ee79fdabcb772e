/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_hidden_new.cc.
 */
// build: -shared -fPIC -fvisibility=hidden
#include <cstdlib>
#include <new>

#pragma GCC visibility push(hidden)
void *operator new(std::size_t size)
{
	return std::malloc(size);
}

void operator delete(void *p) noexcept
{
	std::free(p);
}

void operator delete(void *p, std::size_t) noexcept
{
	std::free(p);
}
#pragma GCC visibility pop

extern "C" __attribute__((visibility("default"))) int use_own_operators()
{
	int count = 0;

	for (int i = 0; i < 1000; i++) {
		int *object = new int(1);
		count += *object;
		delete object;
	}
	return count;
}

extern "C" __attribute__((visibility("default"))) int *make_by_own_operator()
{
	return new int(7);
}
