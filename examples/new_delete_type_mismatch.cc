/* SPDX-License-Identifier: MIT
 *
 * new-delete-type-mismatch: an object is deleted through its base class, which has no virtual destructor. The compiler tells
 * operator delete the size of the base class; the destructor of the derived class never runs.
 *
 *     malloc-debug run -- build/examples/new_delete_type_mismatch
 */
// expect: ERROR: malloc-debug: new-delete-type-mismatch
// expect: size of the allocated type:*24 bytes
// expect: size of the deallocated type:*16 bytes
// expect: in main *new_delete_type_mismatch.cc:30
// expect: in main *new_delete_type_mismatch.cc:27
// expect: SUMMARY: malloc-debug: new-delete-type-mismatch *new_delete_type_mismatch.cc:30 in main
// status: 0
#include <cstdio>

struct shape {
	double x = 0, y = 0;
};

struct circle : shape {
	double radius = 1;
};

int main()
{
	shape *s = new circle;

	std::printf("at %g, %g\n", s->x, s->y);
	delete s;
	return 0;
}
