/* SPDX-License-Identifier: MIT
 *
 * The same in C++: static members, statics of functions, thread-safe ones, and globals that free what they own before the search.
 */
// leaks: | | direct=2:300 reachable=6
#include <memory>
#include <string>
#include <vector>

#include "tests/programs/leak.h"

namespace {

struct Holder {
	static inline int *member;
	static inline const std::string &text = *new std::string(100, 'x'); /* never destroyed, but reachable: two blocks */
	std::vector<int> *numbers = new std::vector<int>(100);              /* likewise */
};

Holder holder;
std::unique_ptr<int> owned(new int(3)); /* freed at exit */
std::vector<std::string> strings(10, std::string(50, 'y'));

int *&counter()
{
	static int *value = new int(4);

	return value;
}

__attribute__((noinline)) void lose_new(size_t bytes)
{
	char *block = new char[bytes];

	block[0] = 1;
}

} // namespace

int main()
{
	Holder::member = new int(5);
	*counter() += (int)Holder::text.size();
	lose_new(100);
	lose_new(200);
	say_ok();
	return 0;
}
