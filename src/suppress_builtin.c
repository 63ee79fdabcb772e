/* SPDX-License-Identifier: MIT
 *
 * The built-in list: what the C library and common runtimes allocate once for themselves and keep in a way that a search for pointers
 * cannot follow.
 *
 * An entry belongs here only if no program can be at fault for it, and if the reason is known from the source of what it names. What a
 * program leaks belongs into a file of its own.
 */
#include "src/suppress.h"

const char md_suppress_builtin[] =
	/* Vectors of TLS blocks are known by the address of their second entry, tables for _dl_find_object by an address rounded up to a
	 * cache line; scope lists of a module are replaced, and the old ones forgotten, in dlclose; a finished thread's stack is kept
	 * with its TLS. All of it is the loader's, and LeakSanitizer takes no block of the loader for a leak either (use_ld_allocations).
	 * By module: its functions have no names without debugging information. */
	"{\n"
	"   the loader's own tables and TLS blocks\n"
	"   Memcheck:Leak\n"
	"   match-leak-kinds: definite,indirect,possible\n"
	"   obj:*/ld-linux*.so.*\n"
	"}\n"
	"{\n"
	"   the loader's own tables and TLS blocks (file name before glibc 2.34)\n"
	"   Memcheck:Leak\n"
	"   match-leak-kinds: definite,indirect,possible\n"
	"   obj:*/ld-2.*.so\n"
	"}\n"
	/* Reserved at start so that std::bad_alloc can be thrown when memory is out; never freed (libsupc++/eh_alloc.cc). The constructor
	 * has a name only where there is debugging information. */
	"{\n"
	"   libstdc++: emergency memory for exceptions\n"
	"   Memcheck:Leak\n"
	"   match-leak-kinds: reachable\n"
	"   fun:malloc\n"
	"   ...\n"
	"   fun:_GLOBAL__sub_I_eh_alloc.cc\n"
	"}\n"
	"{\n"
	"   libstdc++: emergency memory for exceptions (no debugging information)\n"
	"   Memcheck:Leak\n"
	"   match-leak-kinds: reachable\n"
	"   fun:malloc\n"
	"   obj:*/libstdc++.so.6*\n"
	"   obj:*/ld-linux*.so.*\n"
	"}\n"
	/* A type's node is known by an address behind its first member (gobject/gtype.c, type_node_any_new_W), and types are never
	 * unregistered; glib's own file for Valgrind has the same. */
	"{\n"
	"   glib: registry of types\n"
	"   Memcheck:Leak\n"
	"   match-leak-kinds: possible\n"
	"   ...\n"
	"   fun:g_type_register_*\n"
	"}\n"
	/* HotSpot looks at memory that may be nobody's, on purpose, and catches the fault: to find out whether a handle is one, with
	 * -Xcheck:jni. */
	"heap-buffer-overflow:^_SafeFetch\n"
	"heap-buffer-underflow:^_SafeFetch\n"
	"heap-use-after-free:^_SafeFetch\n"
	"heap-wild-access:^_SafeFetch\n";

const size_t md_suppress_builtin_bytes = sizeof md_suppress_builtin - 1;
