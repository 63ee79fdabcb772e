/* SPDX-License-Identifier: MIT
 *
 * An object with an alignment of 64, deleted by an operator that is told the default one, and by one that is told 128.
 */
// build: -std=c++17
// expect: ERROR: malloc-debug: new-delete-type-mismatch
// expect: in main *delete_alignment.cc:18
// expect: ERROR: malloc-debug: new-delete-type-mismatch
// expect: alignment of the deallocated type: 128 bytes
// expect: in main *delete_alignment.cc:19
// status: 0
#include <new>

int main()
{
	const auto align = std::align_val_t(64);

	::operator delete(::operator new(100, align));
	::operator delete(::operator new(100, align), std::align_val_t(128));
	return 0;
}
