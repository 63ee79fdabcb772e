/* SPDX-License-Identifier: MIT
 *
 * What runs at exit allocates and frees: static destructors, atexit handlers, buffered output. A thread goes on allocating meanwhile.
 */
#include <cstdlib>
#include <map>
#include <pthread.h>
#include <string>
#include <unistd.h>

#include "tests/programs/ok.h"

struct registry {
	std::map<int, std::string> names;
	~registry()
	{
		for (int i = 0; i < 100; i++)
			names[i] += " and a last word that makes it longer than any short string";
	}
};

static registry all;
static char *kept;

static void at_exit()
{
	free(kept);
	kept = static_cast<char *>(malloc(2000));
	printf("last words");
	free(kept);
}

static void *allocate_for_ever(void *)
{
	for (unsigned i = 0;; i++)
		free(malloc(i % 1000));
}

int main()
{
	pthread_t thread;

	kept = static_cast<char *>(malloc(10));
	for (int i = 0; i < 100; i++)
		all.names[i] = "name";
	atexit(at_exit);
	CHECK(pthread_create(&thread, nullptr, allocate_for_ever, nullptr) == 0);
	puts("ok");
	exit(21);
}
// status: 21
