/* SPDX-License-Identifier: MIT
 *
 * A library that ok_constructor is linked against; see there.
 */
// build: -shared -fPIC -Wl,-soname,plugin_constructor
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *block;

static void *allocate(void *argument)
{
	for (size_t i = 0; i < 1000; i++)
		free(malloc(i));
	return argument;
}

__attribute__((constructor)) static void construct(void)
{
	pthread_t thread;
	locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

	if (locale)
		freelocale(locale);
	block = strdup("made in a constructor");
	if (pthread_create(&thread, NULL, allocate, NULL) == 0)
		pthread_join(thread, NULL);
}

char *plugin_constructor_block(void)
{
	return block;
}
