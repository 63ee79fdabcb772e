/* SPDX-License-Identifier: MIT
 *
 * The functions behind our wrappers: for each row of runtime/calls.def the definition that the program would have without us, the next one
 * in the loader's order of search (often the C library's, sometimes that of another preloaded library).
 *
 * Life   All members are NULL until md_calls_resolve, which our constructor calls first, or whichever wrapper is called before it. They
 *        do not change afterwards. A function that this C library lacks stays NULL, or is replaced by one that does the same
 *        (runtime/calls.c).
 */
#ifndef MD_CALLS_REAL_H
#define MD_CALLS_REAL_H

#include <arpa/inet.h>
#include <dirent.h>
#include <iconv.h>
#include <inttypes.h>
#include <locale.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* <stdio.h> makes them macros when it is asked to optimise. */
#undef fread_unlocked
#undef fwrite_unlocked

#define CALL(type, name, parameters, arguments, before, after) type(*name) parameters;
#define CALL_VOID(name, parameters, arguments, before, after) void(*name) parameters;
#define CALL_EARLY(type, name, parameters, arguments, before, after) type(*name) parameters;
#define CALL_OWN(type, name, parameters) type(*name) parameters;
struct md_calls_real {
#include "runtime/calls.def"
};
#undef CALL
#undef CALL_VOID
#undef CALL_EARLY
#undef CALL_OWN

extern struct md_calls_real md_calls_real;

/* Finds all of them, once. False as long as the loader has not relocated us: code that runs then (resolvers of indirect functions) is
 * served by the few plain functions of calls_own.h. Thread safe after our constructor, because nothing is left to do. */
bool md_calls_resolve(void);

#endif
