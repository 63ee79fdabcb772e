/* SPDX-License-Identifier: MIT
 *
 * Plugin of leak_library.c and leak_cxx_library.cc: keeps blocks in its own variables. Its thread-local ones are dynamic: the library comes too late for the
 * space that threads have from the start.
 */
// build: -shared -fPIC
#include <stdlib.h>

static char *in_bss[4];
static char *in_data[2] = { (char *)in_bss, NULL };
static __thread char *of_thread;
static __thread char bulk[4096]; /* more than the C library has to spare */

void plugin_keep(void)
{
	in_bss[2] = malloc(21);
	in_data[1] = malloc(22);
}

void plugin_keep_in_thread(void)
{
	bulk[0] = 1;
	of_thread = malloc(23);
}

__attribute__((noinline)) static void make(void)
{
	volatile char *block = malloc(24);

	block[0] = 1;
}

void plugin_lose(void)
{
	make();
}
