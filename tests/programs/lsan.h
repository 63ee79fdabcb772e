/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's calls; weak, so that the programs start without the library, too.
 */
#ifndef TESTS_PROGRAMS_LSAN_H
#define TESTS_PROGRAMS_LSAN_H

#include <stddef.h>

void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
void __lsan_ignore_object(const void *object) __attribute__((weak));
void __lsan_register_root_region(const void *begin, size_t bytes) __attribute__((weak));
void __lsan_unregister_root_region(const void *begin, size_t bytes) __attribute__((weak));
void __lsan_do_leak_check(void) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

#endif
