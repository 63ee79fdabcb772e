/* SPDX-License-Identifier: MIT
 *
 * Every pair of families that do not go together; each on a line of its own, so that it is a bug of its own.
 */
// expect: alloc-dealloc-mismatch (malloc vs operator delete)
// expect: mismatch_pairs.cc:28
// expect: alloc-dealloc-mismatch (malloc vs operator delete[])
// expect: mismatch_pairs.cc:29
// expect: alloc-dealloc-mismatch (operator new vs free)
// expect: mismatch_pairs.cc:30
// expect: alloc-dealloc-mismatch (operator new vs operator delete[])
// expect: mismatch_pairs.cc:31
// expect: alloc-dealloc-mismatch (operator new[] vs free)
// expect: mismatch_pairs.cc:32
// expect: alloc-dealloc-mismatch (operator new[] vs operator delete)
// expect: mismatch_pairs.cc:33
// expect: alloc-dealloc-mismatch (operator new vs realloc)
// expect: mismatch_pairs.cc:35
// errors: 7
// output: grown block kept: 42
// status: 0
#include <cstdio>
#include <cstdlib>
#include <new>

int main()
{
	::operator delete(std::malloc(10));
	::operator delete[](std::malloc(10));
	std::free(::operator new(10));
	::operator delete[](::operator new(10));
	std::free(::operator new[](10));
	::operator delete(::operator new[](10));
	int *number = new int(42);
	number = static_cast<int *>(std::realloc(number, 100));
	std::printf("grown block kept: %d\n", *number);
	std::free(number);
	return 0;
}
