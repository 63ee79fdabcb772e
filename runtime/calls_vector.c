/* SPDX-License-Identifier: MIT
 *
 * Reading and writing of several parts at once. The kernel touches the parts in their order, as far as the result says.
 */
#include <limits.h>

#include "runtime/calls_hand.h"

/* True if all parts can be touched as a whole. */
static bool are_good(const struct iovec *parts, size_t count)
{
	if (!md_calls_good(parts, md_calls_product(count, sizeof *parts)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!md_calls_good(parts[i].iov_base, parts[i].iov_len))
			return false;
	return true;
}

static void look_before(struct md_calls_scope *scope, enum md_access_kind kind, const struct iovec *parts, size_t count)
{
	size_t bytes = md_calls_product(count, sizeof *parts);

	if (!md_calls_good(parts, bytes)) {
		md_calls_bad(scope, MD_ACCESS_READ, parts, bytes);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (md_calls_good(parts[i].iov_base, parts[i].iov_len))
			continue;
		if (i == 0) /* only the first is touched for certain, if there is anything to move */
			md_calls_maybe(scope, kind, parts[i].iov_base, parts[i].iov_len);
		else
			md_calls_clear(parts[i].iov_base, parts[i].iov_len);
	}
}

/* result: bytes that were moved; -1 with EFAULT: one of the parts is in the way. */
static void look_after(struct md_calls_scope *scope, enum md_access_kind kind, const struct iovec *parts, size_t count, ssize_t result)
{
	bool fault = result == -1 && errno == EFAULT;
	size_t left = result > 0 ? (size_t)result : 0;

	if (!md_calls_good(parts, md_calls_product(count, sizeof *parts)))
		return;
	for (size_t i = 0; i < count && (left || fault); i++) {
		size_t bytes = fault || parts[i].iov_len < left ? parts[i].iov_len : left;

		if (!md_calls_good(parts[i].iov_base, bytes))
			md_calls_bad(scope, kind, parts[i].iov_base, bytes);
		left -= fault ? 0 : bytes;
	}
}

#define VECTOR(name, kind, parameters, arguments) \
	MD_CALLS_CHECKED ssize_t checked_##name parameters \
	{ \
		size_t parts_count = count > 0 && count <= IOV_MAX ? (size_t)count : 0; \
		if (!MD_CALLS_HAS(name)) \
			return -1; \
		MD_CALLS_SCOPE(name); \
		look_before(&scope, kind, parts, parts_count); \
		ssize_t result = md_calls_real.name arguments; \
		look_after(&scope, kind, parts, parts_count, result); \
		md_calls_end(&scope); \
		return result; \
	} \
	ssize_t md_check_##name parameters; \
	ssize_t md_check_##name parameters \
	{ \
		if (md_likely(md_calls_real.name != NULL && count >= 0 && are_good(parts, (size_t)count))) \
			return md_calls_real.name arguments; \
		return checked_##name arguments; \
	}

VECTOR(readv, MD_ACCESS_WRITE, (int fd, const struct iovec *parts, int count), (fd, parts, count))
VECTOR(writev, MD_ACCESS_READ, (int fd, const struct iovec *parts, int count), (fd, parts, count))
VECTOR(preadv, MD_ACCESS_WRITE, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
VECTOR(preadv64, MD_ACCESS_WRITE, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
VECTOR(pwritev, MD_ACCESS_READ, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
VECTOR(pwritev64, MD_ACCESS_READ, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))

/* A message's name and control data are touched by the kernel only as far as it has any; only what is bad from its first byte on is an
 * error. */
static bool is_good_message(const struct msghdr *message)
{
	return md_calls_good(message, sizeof *message) && md_calls_good(message->msg_name, message->msg_name ? message->msg_namelen : 0) &&
		md_calls_good(message->msg_control, message->msg_control ? message->msg_controllen : 0) &&
		are_good(message->msg_iov, message->msg_iovlen);
}

static void look_at_message(struct md_calls_scope *scope, enum md_access_kind kind, const struct msghdr *message)
{
	if (!message)
		return;
	if (!md_calls_good(message, sizeof *message)) {
		md_calls_bad(scope, MD_ACCESS_READ, message, sizeof *message);
		return;
	}
	if (message->msg_name)
		MD_CALLS_MAYBE_IN(scope, kind, message->msg_name, message->msg_namelen)
	if (message->msg_control)
		MD_CALLS_MAYBE_IN(scope, kind, message->msg_control, message->msg_controllen)
	look_before(scope, kind, message->msg_iov, message->msg_iovlen);
}

#define MESSAGE(name, kind, type) \
	MD_CALLS_CHECKED ssize_t checked_##name(int fd, type *message, int flags) \
	{ \
		if (!MD_CALLS_HAS(name)) \
			return -1; \
		MD_CALLS_SCOPE(name); \
		look_at_message(&scope, kind, message); \
		ssize_t result = md_calls_real.name(fd, message, flags); \
		if (message && md_calls_good(message, sizeof *message)) \
			look_after(&scope, kind, message->msg_iov, message->msg_iovlen, result); \
		md_calls_end(&scope); \
		return result; \
	} \
	ssize_t md_check_##name(int fd, type *message, int flags); \
	ssize_t md_check_##name(int fd, type *message, int flags) \
	{ \
		if (md_likely(md_calls_real.name != NULL && message && is_good_message(message))) \
			return md_calls_real.name(fd, message, flags); \
		return checked_##name(fd, message, flags); \
	}

MESSAGE(recvmsg, MD_ACCESS_WRITE, struct msghdr)
MESSAGE(sendmsg, MD_ACCESS_READ, const struct msghdr)

/* The kernel stops at the first message that it cannot move, and the result says how many it did: only the first is touched for certain. */
static bool are_good_messages(const struct mmsghdr *messages, unsigned count)
{
	if (!md_calls_good(messages, md_calls_product(count, sizeof *messages)))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!is_good_message(&messages[i].msg_hdr))
			return false;
	return true;
}

static void clear_message(const struct msghdr *message)
{
	md_calls_clear(message->msg_name, message->msg_name ? message->msg_namelen : 0);
	md_calls_clear(message->msg_control, message->msg_control ? message->msg_controllen : 0);
	if (md_calls_good(message->msg_iov, md_calls_product(message->msg_iovlen, sizeof *message->msg_iov)))
		for (size_t i = 0; i < message->msg_iovlen; i++)
			md_calls_clear(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
}

static void look_at_messages(struct md_calls_scope *scope, enum md_access_kind kind, const struct mmsghdr *messages, unsigned count)
{
	if (!md_calls_good(messages, sizeof *messages)) {
		md_calls_bad(scope, MD_ACCESS_WRITE, messages, sizeof *messages);
		return;
	}
	look_at_message(scope, kind, &messages->msg_hdr);
	for (unsigned i = 1; i < count && md_calls_good(&messages[i], sizeof *messages); i++)
		clear_message(&messages[i].msg_hdr);
}

/* moved: messages that were. */
static void look_at_moved(struct md_calls_scope *scope, enum md_access_kind kind, const struct mmsghdr *messages, int moved)
{
	size_t bytes = moved > 0 ? md_calls_product((size_t)moved, sizeof *messages) : 0;

	if (!md_calls_good(messages, bytes)) {
		md_calls_bad(scope, MD_ACCESS_WRITE, messages, bytes);
		return;
	}
	for (int i = 0; i < moved; i++)
		look_after(scope, kind, messages[i].msg_hdr.msg_iov, messages[i].msg_hdr.msg_iovlen, messages[i].msg_len);
}

#define MESSAGES(name, kind, parameters, arguments) \
	MD_CALLS_CHECKED int checked_##name parameters \
	{ \
		if (!MD_CALLS_HAS(name)) \
			return -1; \
		MD_CALLS_SCOPE(name); \
		if (messages && count) \
			look_at_messages(&scope, kind, messages, count); \
		int result = md_calls_real.name arguments; \
		look_at_moved(&scope, kind, messages, result); \
		md_calls_end(&scope); \
		return result; \
	} \
	int md_check_##name parameters; \
	int md_check_##name parameters \
	{ \
		if (md_likely(md_calls_real.name != NULL && messages && count <= IOV_MAX && are_good_messages(messages, count))) \
			return md_calls_real.name arguments; \
		return checked_##name arguments; \
	}

MESSAGES(recvmmsg, MD_ACCESS_WRITE, (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
	(fd, messages, count, flags, timeout))
MESSAGES(sendmmsg, MD_ACCESS_READ, (int fd, struct mmsghdr *messages, unsigned count, int flags), (fd, messages, count, flags))
