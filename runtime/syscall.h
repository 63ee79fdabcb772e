/* SPDX-License-Identifier: MIT
 *
 * Raw system calls for x86-64 and AArch64 Linux: each returns the kernel's answer, a negated errno value on failure.
 *
 * Going around the C library keeps three promises at once: errno is never touched, no call is a cancellation point, and no wrapper that
 * some other preloaded library interposes can send us through malloc. Numbers are the SYS_ ones of <sys/syscall.h>.
 */
#ifndef MD_SYSCALL_H
#define MD_SYSCALL_H

#include <stdbool.h>
#include <sys/syscall.h>

/* True if a result is an error; its errno value is then -result. The kernel keeps the last page of numbers for this. */
static inline bool md_syscall_failed(long result)
{
	return (unsigned long)result > -4096ul;
}

#if defined(__x86_64__)

static inline __attribute__((always_inline)) long md_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline __attribute__((always_inline)) long md_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
}

#else
#error "malloc-debug runs on x86-64 and AArch64; another architecture needs its system call instruction here"
#endif

/* The kernel ignores arguments a call does not take, so that fewer of them cost a few zeroed registers and nothing else. */
static inline __attribute__((always_inline)) long md_syscall0(long number)
{
	return md_syscall6(number, 0, 0, 0, 0, 0, 0);
}

static inline __attribute__((always_inline)) long md_syscall1(long number, long a)
{
	return md_syscall6(number, a, 0, 0, 0, 0, 0);
}

static inline __attribute__((always_inline)) long md_syscall2(long number, long a, long b)
{
	return md_syscall6(number, a, b, 0, 0, 0, 0);
}

static inline __attribute__((always_inline)) long md_syscall3(long number, long a, long b, long c)
{
	return md_syscall6(number, a, b, c, 0, 0, 0);
}

static inline __attribute__((always_inline)) long md_syscall4(long number, long a, long b, long c, long d)
{
	return md_syscall6(number, a, b, c, d, 0, 0);
}

static inline __attribute__((always_inline)) long md_syscall5(long number, long a, long b, long c, long d, long e)
{
	return md_syscall6(number, a, b, c, d, e, 0);
}

#endif
