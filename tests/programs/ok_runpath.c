/* SPDX-License-Identifier: MIT
 *
 * A plugin by bare name, which only the RUNPATH of this program finds: dlopen must still see who calls it.
 */
// build: -Wl,--enable-new-dtags,-rpath,\$ORIGIN
#include <dlfcn.h>

#include "tests/programs/ok.h"

int main(void)
{
	void *plugin = dlopen("plugin_owner", RTLD_NOW);
	void *bound = dlopen("plugin_deepbind", RTLD_NOW | RTLD_DEEPBIND);

	CHECK(plugin && bound);
	CHECK(!dlopen("no_such_plugin", RTLD_NOW) && dlerror());
	CHECK(dlopen(NULL, RTLD_LAZY));
	char *block = ((char *(*)(size_t))dlsym(bound, "make"))(100);

	CHECK(block[99] == 'm');
	free(block);
	puts("ok");
	return 0;
}
