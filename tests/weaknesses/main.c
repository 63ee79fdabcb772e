/* SPDX-License-Identifier: MIT
 *
 * weaknesses NAME bad|good   runs one case
 * weaknesses list            prints a line for each: class, name, report, how it is seen
 */
#include "tests/weaknesses/weakness.h"

extern const struct weakness *const __start_weaknesses[], *const __stop_weaknesses[];

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "list");
	static const char *const seen[] = {"at", "watch", "later-slack", "unseen-slack", "later-vector", "unseen-vector", "later-old", "unseen-old",
		"later-many", "unseen-many", "ended-by-libc"};
	for (const struct weakness *const *row = __start_weaknesses; row < __stop_weaknesses; row++) {
		if (list)
			printf("%d\t%s\t%s\t%s\n", (*row)->cwe, (*row)->name, (*row)->report, seen[(*row)->seen]);
		else if (argc == 3 && !strcmp(argv[1], (*row)->name)) {
			(*row)->run(!strcmp(argv[2], "bad"));
			return 0;
		}
	}
	return list ? 0 : 2;
}
