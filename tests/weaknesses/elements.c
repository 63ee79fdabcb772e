/* SPDX-License-Identifier: MIT
 *
 * The cases of elements.h for each kind of element.
 */
#include "tests/weaknesses/weakness.h"

#define COUNT 50

struct two {
	int one, other;
};

#define TYPE char
#define NAMED(name) name##_char
#include "tests/weaknesses/elements.h"
#undef TYPE
#undef NAMED

#define TYPE wchar_t
#define NAMED(name) name##_wchar
#include "tests/weaknesses/elements.h"
#undef TYPE
#undef NAMED

#define TYPE int
#define NAMED(name) name##_int
#include "tests/weaknesses/elements.h"
#undef TYPE
#undef NAMED

#define TYPE int64_t
#define NAMED(name) name##_int64
#include "tests/weaknesses/elements.h"
#undef TYPE
#undef NAMED

#define TYPE struct two
#define NAMED(name) name##_struct
#include "tests/weaknesses/elements.h"
