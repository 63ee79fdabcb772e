/* SPDX-License-Identifier: MIT
 *
 * An auditor for LD_AUDIT: the loader calls it for each object and each name, in a namespace of its own, and it allocates each time.
 */
// build: -shared -fPIC -Wl,-z,now
#include <link.h>
#include <stdlib.h>
#include <string.h>

static char *last;

unsigned la_version(unsigned version)
{
	last = strdup("version");
	return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie)
{
	free(last);
	last = strdup(map->l_name);
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	free(malloc(strlen(name) + 1));
	return (char *)name;
}

void la_preinit(uintptr_t *cookie)
{
	last = realloc(last, 5000);
}
