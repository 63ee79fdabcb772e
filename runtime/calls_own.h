/* SPDX-License-Identifier: MIT
 *
 * Plain versions of a few functions of the C library, for code that runs before we are relocated, and for our own.
 *
 * The library's own calls of wrapped functions do not go through the wrappers: when its objects are made, each such name becomes
 * md_own_NAME (Makefile), also in calls that the compiler makes up. Those of calls_own.c jump to the real function, or are plain as long as
 * it is not known. What is not defined there cannot be called by the library: it does not link.
 */
#ifndef MD_CALLS_OWN_H
#define MD_CALLS_OWN_H

#include <stddef.h>

void *md_plain_memcpy(void *to, const void *from, size_t n);
void *md_plain_memmove(void *to, const void *from, size_t n);
void *md_plain_memset(void *to, int c, size_t n);
int md_plain_memcmp(const void *a, const void *b, size_t n);
void *md_plain_memchr(const void *s, int c, size_t n);
void *md_plain_memmem(const void *s, size_t n, const void *what, size_t m);
size_t md_plain_strlen(const char *s);
char *md_plain_strcpy(char *to, const char *from);
char *md_plain_stpcpy(char *to, const char *from);
char *md_plain_strncpy(char *to, const char *from, size_t n);
int md_plain_strcmp(const char *a, const char *b);
int md_plain_strncmp(const char *a, const char *b, size_t n);
char *md_plain_strchr(const char *s, int c);
char *md_plain_strrchr(const char *s, int c);
char *md_plain_strstr(const char *s, const char *what);
size_t md_plain_strspn(const char *s, const char *set);
size_t md_plain_strcspn(const char *s, const char *set);
size_t md_plain_strlcpy(char *to, const char *from, size_t n);
size_t md_plain_strlcat(char *to, const char *from, size_t n);

#endif
