/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_hidden_new.cc: operators that no other module sees. <new> declares them visible, so a directive for the assembler hides them.
 */
// build: -shared -fPIC -fvisibility=hidden
#ifndef PLUGIN_VISIBLE
__asm__(".hidden _Znwm\n.hidden _ZdlPv\n.hidden _ZdlPvm");
#endif

#include <cstdlib>
#include <new>

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

#define PUBLIC extern "C" __attribute__((visibility("default")))

PUBLIC int use_own_operators()
{
	int count = 0;

	for (int i = 0; i < 1000; i++) {
		int *object = new int(1);
		count += *object;
		delete object;
	}
	return count;
}

PUBLIC int *make_by_own_operator()
{
	return new int(7);
}

PUBLIC void drop_by_own_operator(int *object)
{
	delete object;
}
