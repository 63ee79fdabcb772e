/* SPDX-License-Identifier: MIT
 *
 * Origin: which process a report is from, and when it was made: what tells the reports of many processes and machines apart.
 */
#ifndef MD_ORIGIN_H
#define MD_ORIGIN_H

#include <stdint.h>

struct md_origin {
	uint32_t pid;
	const char *program; /* path or name; "" if unknown */
	const char *host;    /* name of the machine; "" if unknown */
	double started;      /* seconds since 1970 when the process started */
	double seconds;      /* since our start; below 0: unknown */
};

#endif
