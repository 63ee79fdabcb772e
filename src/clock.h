/* SPDX-License-Identifier: MIT
 *
 * Time stamps by the cheapest counter: ticks that rise at a constant rate on all cores. Readers turn them into seconds by comparing two
 * ticks with two readings of md_os_nanoseconds.
 */
#ifndef MD_CLOCK_H
#define MD_CLOCK_H

#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include "src/os.h"
#endif

#define MD_CLOCK_COARSE_SHIFT 22 /* a coarse tick is about 1.6 ms at 2.6 GHz, and 32 bits of them last 80 days */

static inline uint64_t md_clock_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return md_os_nanoseconds();
#endif
}

static inline uint32_t md_clock_coarse(uint64_t ticks)
{
	return (uint32_t)(ticks >> MD_CLOCK_COARSE_SHIFT);
}

#endif
