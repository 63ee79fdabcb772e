/* SPDX-License-Identifier: MIT
 *
 * Bad calls: BAD(name, slug, access as the report has it, where, the call). See calls_bad.c.
 */
/* string.h: past the end */
BAD(memcpy, "heap-buffer-overflow", "WRITE of size 12 * in memcpy", OVER, memcpy(p, text, twelve))
BAD(memcpy_from, "heap-buffer-overflow", "READ of size 12 * in memcpy", OVER, memcpy(q, p, twelve))
BAD(mempcpy, "heap-buffer-overflow", "WRITE of size 12 * in mempcpy", OVER, mempcpy(p, text, twelve))
BAD(memccpy, "heap-buffer-overflow", "WRITE of size 12 * in memccpy", OVER, memccpy(p, text, 0, 100))
BAD(memmove, "heap-buffer-overflow", "WRITE of size 11 * in memmove", OVER, memmove(p, text, twelve - 1))
BAD(memset, "heap-buffer-overflow", "WRITE of size 12 * in memset", OVER, memset(p, 1, twelve))
BAD(memset_far, "heap-buffer-overflow", "WRITE of size 4096 * in memset", OVER, memset(p, 1, 4096))
BAD(bzero, "heap-buffer-overflow", "WRITE of size 12 * in bzero", OVER, bzero(p, twelve))
BAD(explicit_bzero, "heap-buffer-overflow", "WRITE of size 12 * in explicit_bzero", OVER, explicit_bzero(p, twelve))
BAD(bcopy, "heap-buffer-overflow", "WRITE of size 12 * in bcopy", OVER, bcopy(text, p, twelve))
BAD(memcmp, "heap-buffer-overflow", "READ of size 12 * in memcmp", OVER, memset(q, 0, 20); sink = memcmp(p, q, twelve))
BAD(memchr, "heap-buffer-overflow", "READ of size 12 * in memchr", OVER, sink = (uintptr_t)memchr(p, 'z', twelve))
BAD(memrchr, "heap-buffer-overflow", "READ of size 12 * in memrchr", OVER, sink = (uintptr_t)memrchr(p, 'z', twelve))
BAD(memmem, "heap-buffer-overflow", "READ of size 12 * in memmem", OVER, sink = (uintptr_t)memmem(p, twelve, "zz", 2))
BAD(strlen, "heap-buffer-overflow", "READ of size 11 * in strlen", OVER, unended(); sink = strlen(p))
BAD(strnlen, "heap-buffer-overflow", "READ of size 11 * in strnlen", OVER, unended(); sink = strnlen(p, twelve))
BAD(strcpy, "heap-buffer-overflow", "WRITE of size 12 * in strcpy", OVER, strcpy(p, text))
BAD(strcpy_from, "heap-buffer-overflow", "READ of size 11 * in strcpy", OVER, unended(); strcpy(malloc(100000), p))
BAD(stpcpy, "heap-buffer-overflow", "WRITE of size 12 * in stpcpy", OVER, stpcpy(p, text))
BAD(strncpy, "heap-buffer-overflow", "WRITE of size 12 * in strncpy", OVER, strncpy(p, "a", twelve))
BAD(stpncpy, "heap-buffer-overflow", "WRITE of size 12 * in stpncpy", OVER, stpncpy(p, "a", twelve))
BAD(strcat, "heap-buffer-overflow", "WRITE of size 12 * in strcat", "directly after the 10-byte block", strcpy(p, "a"); strcat(p, text))
BAD(strncat, "heap-buffer-overflow", "WRITE of size 10 * in strncat", OVER, strcpy(p, "a"); strncat(p, text, 9))
BAD(strdup, "heap-buffer-overflow", "READ of size 11 * in strdup", OVER, unended(); sink = (uintptr_t)strdup(p))
BAD(strndup, "heap-buffer-overflow", "READ of size 11 * in strndup", OVER, unended(); sink = (uintptr_t)strndup(p, twelve))
BAD(strcmp, "heap-buffer-overflow", "READ of size 11 * in strcmp", OVER, unended(); sink = strcmp(p, "0123456789z"))
BAD(strncmp, "heap-buffer-overflow", "READ of size 11 * in strncmp", OVER, unended(); sink = strncmp("0123456789z", p, 100))
BAD(strcasecmp, "heap-buffer-overflow", "READ of size 11 * in strcasecmp", OVER, unended(); sink = strcasecmp(p, "0123456789z"))
BAD(strncasecmp, "heap-buffer-overflow", "READ of size 11 * in strncasecmp", OVER, unended(); sink = strncasecmp(p, "0123456789z", 11))
BAD(strcoll, "heap-buffer-overflow", "READ of size 11 * in strcoll", OVER, unended(); sink = strcoll(p, "a"))
BAD(strchr, "heap-buffer-overflow", "READ of size 11 * in strchr", OVER, unended(); sink = (uintptr_t)strchr(p, 'z'))
BAD(strrchr, "heap-buffer-overflow", "READ of size 11 * in strrchr", OVER, unended(); sink = (uintptr_t)strrchr(p, 'z'))
BAD(strstr, "heap-buffer-overflow", "READ * in strstr", OVER, unended(); sink = (uintptr_t)strstr(p, "zz"))
BAD(strspn, "heap-buffer-overflow", "READ of size 11 * in strspn", OVER, unended(); sink = strspn(p, ten))
BAD(strcspn, "heap-buffer-overflow", "READ * in strcspn", OVER, unended(); sink = strcspn(p, "z"))
BAD(strpbrk, "heap-buffer-overflow", "READ * in strpbrk", OVER, unended(); sink = (uintptr_t)strpbrk(p, "z"))
BAD(strtok, "heap-buffer-overflow", "READ * in strtok", OVER, unended(); sink = (uintptr_t)strtok(p, "z"))
BAD(strxfrm, "heap-buffer-overflow", "WRITE of size 12 * in strxfrm", OVER, setlocale(LC_ALL, "C"); sink = strxfrm(p, text, 100))

/* wchar.h */
BAD(wcscpy, "heap-buffer-overflow", "WRITE of size 48 * in wcscpy", OVER40, wcscpy(w, L"hello world"))
BAD(wcsncpy, "heap-buffer-overflow", "WRITE of size 48 * in wcsncpy", OVER40, wcsncpy(w, L"a", twelve))
BAD(wcscat, "heap-buffer-overflow", "WRITE of size 48 * in wcscat", OVER40, w[0] = 'a'; wcscat(w, L"hello world"))
BAD(wmemset, "heap-buffer-overflow", "WRITE of size 48 * in wmemset", OVER40, wmemset(w, 1, twelve))
BAD(wmemcpy, "heap-buffer-overflow", "WRITE of size 48 * in wmemcpy", OVER40, wmemcpy(w, L"hello world", twelve))
BAD(wcslen, "heap-buffer-overflow", "READ of size 44 * in wcslen", OVER40, wmemset(w, 'a', 10); sink = wcslen(w))
BAD(wcsdup, "heap-buffer-overflow", "READ of size 44 * in wcsdup", OVER40, wmemset(w, 'a', 10); sink = (uintptr_t)wcsdup(w))
BAD(mbstowcs, "heap-buffer-overflow", "WRITE of size 48 * in mbstowcs", OVER40, sink = mbstowcs(w, text, 100))
BAD(wcstombs, "heap-buffer-overflow", "WRITE of size 12 * in wcstombs", OVER, sink = wcstombs(p, L"hello world", 100))
BAD(swprintf, "heap-buffer-overflow", "WRITE of size 48 * in swprintf", OVER40, swprintf(w, 100, L"%s", text))

/* stdio.h */
BAD(sprintf, "heap-buffer-overflow", "WRITE of size 16 * in sprintf", OVER, sprintf(p, "<%s %d>", text, 1))
BAD(snprintf, "heap-buffer-overflow", "WRITE of size 12 * in snprintf", OVER, snprintf(p, 100, "%s", text))
BAD(vsprintf, "heap-buffer-overflow", "WRITE of size 12 * in vsprintf", OVER, print(p, 0, "%s", text))
BAD(vsnprintf, "heap-buffer-overflow", "WRITE of size 11 * in vsnprintf", OVER, print(p, 11, "%s", text))
BAD(sprintf_float, "heap-buffer-overflow", "WRITE of size 14 * in sprintf", OVER, sprintf(p, "%f", 123456.0 + (double)twelve))
BAD(printf_string, "heap-buffer-overflow", "READ of size 11 * in fprintf", OVER, unended(); fprintf(stderr, "%s", p))
BAD(printf_precision, "heap-buffer-overflow", "READ of size 11 * in snprintf", OVER, unended(); snprintf(q, 100, "%.*s", 12, p))
BAD(printf_n, "heap-use-after-free", "WRITE of size 4 * in snprintf", FREED, snprintf(q, 100, "abc%n", (int *)gone))
BAD(printf_format, "heap-buffer-overflow", "READ of size 11 * in snprintf", OVER, unended(); snprintf(q, 100, p))
BAD(puts, "heap-use-after-free", "READ of size 1 * in fputs", FREED, fputs(gone, stdin))
BAD(fgets, "heap-buffer-overflow", "WRITE of size 12 * in fgets", OVER, fgets(p, 100, input(text)))
BAD(fread, "heap-buffer-overflow", "WRITE of size 12 * in fread", OVER, fread(p, 1, 12, input("hello world and more")))
BAD(fwrite, "heap-buffer-overflow", "READ of size 12 * in fwrite", OVER, fwrite(p, 4, 3, fopen("/dev/null", "w")))
BAD(getline, "heap-buffer-overflow", "WRITE of size 21 * in getline", OVER,
	char *l = line(); size_t n = 100; getline(&l, &n, input("hello world and more")))
BAD(mbstowcs_from, "heap-buffer-overflow", "READ of size * in mbstowcs", OVER, unended(); sink = mbstowcs((wchar_t *)q, p, 20))
BAD(wcstombs_from, "heap-buffer-overflow", "READ of size * in wcstombs", OVER40, wmemset(w, 'a', 10); sink = wcstombs(q, w, 100))
BAD(mbsrtowcs_from, "heap-buffer-overflow", "READ of size * in mbsrtowcs", OVER, unended(); const char *from = p; mbstate_t s = { 0 };
	sink = mbsrtowcs((wchar_t *)q, &from, 20, &s))
BAD(mbsnrtowcs_from, "heap-buffer-overflow", "READ of size * in mbsnrtowcs", OVER, unended(); const char *from = p; mbstate_t s = { 0 };
	sink = mbsnrtowcs((wchar_t *)q, &from, 12, 20, &s))
BAD(wcsrtombs_from, "heap-buffer-overflow", "READ of size * in wcsrtombs", OVER40, wmemset(w, 'a', 10); const wchar_t *from = w;
	mbstate_t s = { 0 }; sink = wcsrtombs(q, &from, 100, &s))
BAD(wcsrtombs_count, "heap-buffer-overflow", "READ of size * in wcsrtombs", OVER40, wmemset(w, 'a', 10); const wchar_t *from = w;
	mbstate_t s = { 0 }; sink = wcsrtombs(NULL, &from, 0, &s))
BAD(sscanf_reached, "heap-use-after-free", "WRITE of size 4 at", FREED, int i; sscanf("12 a", "%d %n", &i, (int *)gone))
BAD(sscanf, "heap-buffer-overflow", "WRITE of size 12 * in *sscanf", OVER, sscanf("hello_world", "%s", p))
BAD(sscanf_int, "heap-use-after-free", "WRITE of size 4 at", FREED, sscanf("7 8", "%*d %d", (int *)gone))

/* unistd.h, sockets */
BAD(read, "heap-buffer-overflow", "WRITE of size 12 * in read", OVER, sink = read(zero, p, twelve))
BAD(pread, "heap-buffer-overflow", "WRITE of size 12 * in pread", OVER, sink = pread(zero, p, twelve, 0))
BAD(write, "heap-buffer-overflow", "READ of size 12 * in write", OVER, sink = write(null, p, twelve))
BAD(readv, "heap-buffer-overflow", "WRITE of size 12 * in readv", OVER, struct iovec v[] = { { q, 5 }, { p, 12 } }; sink = readv(zero,
	v, 2))
BAD(writev, "heap-buffer-overflow", "READ of size 12 * in writev", OVER, struct iovec v[] = { { q, 5 }, { p, 12 } }; sink = writev(null,
	v, 2))
BAD(recv, "heap-buffer-overflow", "WRITE of size 12 * in recv", OVER,
	int s[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, s); send(s[0], q, 12, 0); sink = recv(s[1], p, 100, 0))
BAD(send, "heap-buffer-overflow", "READ of size 12 * in send", OVER, int s[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, s); sink = send(s[0],
	p, 12, 0))
BAD(recvmsg, "heap-buffer-overflow", "WRITE of size 12 * in recvmsg", OVER, int s[2]; struct iovec v = { p, 12 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 }; socketpair(AF_UNIX, SOCK_DGRAM, 0, s); send(s[0], q, 12,
		0); sink = recvmsg(s[1], &m, 0))
BAD(getcwd, "heap-buffer-overflow", "WRITE of size * in getcwd", OVER, chdir("/usr/share/doc"); sink = (uintptr_t)getcwd(p, 100))
BAD(readlink, "heap-buffer-overflow", "WRITE of size * in readlink", OVER, sink = readlink("/proc/self/exe", p, 100))
BAD(open, "heap-use-after-free", "READ of size 1 * in open", FREED, sink = open(gone, O_RDONLY))

BAD(sendmmsg, "heap-buffer-overflow", "READ of size 12 * in sendmmsg", OVER, int two[2]; struct iovec part = { p, 12 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	socketpair(AF_UNIX, SOCK_DGRAM, 0, two); sink = sendmmsg(two[0], &message, 1, 0))
BAD(recvmmsg, "heap-buffer-overflow", "WRITE of size 12 * in recvmmsg", OVER, int two[2]; struct iovec parts[2] = { { q, 50 }, { p, 50 } };
	struct mmsghdr messages[2] = { { .msg_hdr = { .msg_iov = parts, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = parts + 1, .msg_iovlen = 1 } } };
	socketpair(AF_UNIX, SOCK_DGRAM, 0, two); write(two[0], text, twelve); write(two[0], text, twelve);
	sink = recvmmsg(two[1], messages, 2, 0, NULL))
BAD(getsockopt, "heap-buffer-overflow", "WRITE of size 12 * in getsockopt", OVER, int two[2]; socklen_t n = 12;
	socketpair(AF_UNIX, SOCK_STREAM, 0, two); sink = getsockopt(two[0], SOL_SOCKET, SO_PEERCRED, p, &n))
BAD(setsockopt, "heap-use-after-free", "READ of size 4 * in setsockopt", FREED, int two[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, two);
	sink = setsockopt(two[0], SOL_SOCKET, SO_KEEPALIVE, gone, 4))

/* stdlib.h, time.h, arpa/inet.h, iconv.h */
BAD(qsort, "heap-buffer-overflow", "WRITE of size 12 * in qsort", OVER, qsort(p, 12, 1, compare))
BAD(realpath, "heap-buffer-overflow", "WRITE of size 15 * in realpath", OVER, sink = (uintptr_t)realpath("/usr/share/doc/", p))
BAD(strtol, "heap-buffer-overflow", "READ of size 11 * in *strtol", OVER, unended(); sink = strtol(p, NULL, 10))
BAD(atoi, "heap-use-after-free", "READ of size 1 * in atoi", FREED, sink = atoi(gone))
BAD(strtod, "heap-buffer-overflow", "READ of size 11 * in strtod", OVER, unended(); sink = (uintptr_t)strtod(p, NULL))
BAD(strftime, "heap-buffer-overflow", "WRITE of size 11 * in strftime", OVER, struct tm tm = { .tm_year = 100, .tm_mday = 1 };
	sink = strftime(p, 100, "%Y-%m-%d", &tm))
BAD(ctime_r, "heap-buffer-overflow", "WRITE of size 26 * in ctime_r", OVER, time_t t = 1000000000; sink = (uintptr_t)ctime_r(&t, p))
BAD(gmtime_r, "heap-buffer-overflow", "WRITE of size 56 * in gmtime_r", OVER40, time_t t = 0; sink = (uintptr_t)gmtime_r(&t,
	(struct tm *)w))
BAD(inet_ntop, "heap-buffer-overflow", "WRITE of size 12 * in inet_ntop", OVER, sink = (uintptr_t)inet_ntop(AF_INET, "\x7b\x7b\2\3", p,
	100))
BAD(iconv, "heap-buffer-overflow", "WRITE of size 44 * in iconv", OVER, iconv_t c = iconv_open("UTF-32LE", "UTF-8"); char *from = text,
	*to = p;
	size_t m = 11, n = 100; sink = iconv(c, &from, &m, &to, &n))

/* before the start, after free, after realloc */
BAD(memcpy_before, "heap-buffer-underflow", "WRITE of size 12 * in memcpy", BEFORE, memcpy(q - 8, text, twelve))
BAD(memset_before, "heap-buffer-underflow", "WRITE of size 4 * in memset", "4 bytes before the 100-byte block", memset(q - 4, 1, 4))
BAD(strlen_before, "heap-buffer-underflow", "READ * in strlen", BEFORE, sink = strlen(q - 8))
BAD(memcpy_freed, "heap-use-after-free", "WRITE of size 4 * in memcpy", "is the start of the 20-byte block", memcpy(gone, text, 4))
BAD(memcpy_freed_inside, "heap-use-after-free", "READ of size 4 * in memcpy", "8 bytes inside the 20-byte block", memcpy(q, gone + 8, 4))
BAD(strlen_freed, "heap-use-after-free", "READ of size 1 * in strlen", FREED, sink = strlen(gone))
BAD(memset_moved, "heap-use-after-free", "WRITE of size 40 * in memset", "40-byte block", memset(moved, 1, 40))
BAD(read_freed, "heap-use-after-free", "WRITE of size 20 * in read", FREED, sink = read(zero, gone, 20))

/* parameters */
BAD(memcpy_overlap, "memcpy-param-overlap", "WRITE of size 12 * in memcpy", "100-byte block", memcpy(q + 4, q, twelve))
BAD(strcpy_overlap, "strcpy-param-overlap", "WRITE of size * in strcpy", "100-byte block", strcpy(q, text); strcpy(q, q + 2))
BAD(strcat_overlap, "strcat-param-overlap", "WRITE of size * in strcat", "100-byte block", strcpy(q, text); q[40] = 0; strcat(q, q + 6))
BAD(memcpy_negative, "negative-size-param", "* in memcpy", "100-byte block", char *r = malloc(100); memcpy(q, r, -1))
BAD(memmove_negative, "negative-size-param", "* in memmove", "100-byte block", char *r = malloc(100); memmove(q, r, -1))
