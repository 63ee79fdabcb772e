/* SPDX-License-Identifier: MIT
 *
 * Symbol client: asks the helper for the frames of one report in one go, each distinct one once, and remembers the answers.
 *
 * What was answered is kept for the next reports of the process, because most of their frames are the same: those of main and below, those
 * of the library where the errors happen. So is that nothing is known of a frame, unless something went wrong. When the memory for that is
 * full, all is forgotten.
 */
#include "runtime/symbol_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "report/symbol_protocol.h"
#include "runtime/symbol_process.h"
#include "runtime/syscall.h"

enum {
	SLICE_MS = 100,                         /* how often waiting looks around */
	KNOWN_BYTES = 256 * 1024,               /* for what was answered before */
	FRAME_SLOTS = 2 * MD_SYMBOL_FRAMES_MAX, /* a power of two */
};

/* The kernel's, not the C library's wider one. */
typedef uint64_t signal_set;

/* All memory of one conversation; mapped for it. */
struct conversation {
	struct md_symbol_process process;
	const struct md_modules *modules;
	unsigned timeout_ms;
	signal_set blocked_by_program;

	size_t frame_count, next_frame; /* next one to be asked for */
	bool greeted, ended;            /* HELLO and END were put into the buffer */
	bool too_many;                  /* frames has no room for all */
	size_t out_filled, out_sent;
	size_t in_filled;
	struct md_symbol_replies replies;
	struct md_frame frames[MD_SYMBOL_FRAMES_MAX]; /* asked for, distinct */
	uint16_t slots[FRAME_SLOTS];                  /* hash table of frames: index + 1; 0: empty */
	unsigned char out[4 * MD_SYMBOL_REQUEST_MAX];
	unsigned char in[2 * MD_SYMBOL_REPLY_MAX];
};

static struct md_names *known; /* answers to earlier questions; a frame without names has one entry with neither function nor file */

void md_symbol_client_init(const char *helper_path, char *const *environment)
{
	md_symbol_process_init(helper_path, environment);
}

/* --- What is known ---------------------------------------------------------- */

/* Copies what is known of a frame into names. False if it is not known. */
static bool recall(struct md_frame frame, struct md_names *names)
{
	struct md_name entries[MD_SYMBOL_ENTRIES_MAX];
	size_t count = md_names_get(known, frame, entries, MD_SYMBOL_ENTRIES_MAX);

	for (size_t i = 0; i < count; i++) {
		if (*entries[i].function || *entries[i].file)
			md_names_put(names, frame, &entries[i]);
	}
	return count > 0;
}

/* Keeps what was answered. complete: what was not answered is not known to anybody. */
static void remember(const struct conversation *conversation, bool complete)
{
	const struct md_name nothing = { .function = "", .file = "" };

	if (conversation->replies.full)
		return; /* of the last one there may be a part */
	if (!known) {
		long memory = md_syscall6(SYS_mmap, 0, KNOWN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		known = md_syscall_failed(memory) ? NULL : md_names_init((void *)memory, KNOWN_BYTES);
	}
	for (size_t i = 0; known && i < conversation->replies.next_index; i++) {
		struct md_name entries[MD_SYMBOL_ENTRIES_MAX];
		struct md_frame frame = conversation->frames[i];
		size_t count = md_names_get(conversation->replies.names, frame, entries, MD_SYMBOL_ENTRIES_MAX);
		bool kept = true;

		for (size_t at = 0; kept && at < count; at++)
			kept = md_names_put(known, frame, &entries[at]);
		if (count == 0 && complete)
			kept = md_names_put(known, frame, &nothing);
		if (!kept)
			md_names_init(known, KNOWN_BYTES);
	}
}

/* --- Frames ----------------------------------------------------------------- */

/* Whether the helper may know of a frame what we do not. Puts into names what we do. */
static bool must_ask(struct md_frame frame, const struct md_modules *modules, struct md_names *names)
{
	const struct md_module *module = md_modules_get(modules, frame.module);
	struct md_name name;

	if (frame.module == MD_MODULE_NONE || !strchr(module->path, '/') || frame.pc <= module->bias)
		return false; /* the vdso and the like have no file */
	return md_names_get(names, frame, &name, 1) == 0 && !recall(frame, names);
}

/* Adds a frame unless it is there. */
static void add_frame(struct conversation *conversation, struct md_frame frame)
{
	size_t slot = ((uint64_t)frame.pc + frame.module) * 0x9e3779b97f4a7c15ull >> 32 & (FRAME_SLOTS - 1);

	while (conversation->slots[slot]) {
		const struct md_frame *there = &conversation->frames[conversation->slots[slot] - 1];

		if (there->pc == frame.pc && there->module == frame.module)
			return;
		slot = (slot + 1) & (FRAME_SLOTS - 1);
	}
	if (conversation->frame_count == MD_SYMBOL_FRAMES_MAX) {
		conversation->too_many = true;
		return;
	}
	conversation->frames[conversation->frame_count++] = frame;
	conversation->slots[slot] = (uint16_t)conversation->frame_count;
}

/* --- Conversation ----------------------------------------------------------- */

/* Appends one message. */
static void put_message(struct conversation *conversation, const struct md_symbol_request *request)
{
	conversation->out_filled += md_symbol_request_write(
		request, conversation->out + conversation->out_filled, sizeof conversation->out - conversation->out_filled);
}

static void put_frame(struct conversation *conversation, size_t index)
{
	struct md_frame frame = conversation->frames[index];
	const struct md_module *module = md_modules_get(conversation->modules, frame.module);
	struct md_symbol_request request = {
		.kind = MD_SYMBOL_ASK,
		.index = (uint32_t)index,
		.address = frame.pc - module->bias,
		.path = module->path,
		.path_bytes = strlen(module->path),
		.build_id_bytes = module->build_id_bytes,
	};

	memcpy(request.build_id, module->build_id, sizeof request.build_id);
	put_message(conversation, &request); /* a path too long for a message is not asked for */
}

/* Fills the empty output buffer. */
static void prepare_messages(struct conversation *conversation)
{
	conversation->out_sent = 0;
	conversation->out_filled = 0;
	if (!conversation->greeted) {
		conversation->greeted = true;
		put_message(conversation, &(struct md_symbol_request){ .kind = MD_SYMBOL_HELLO, .timeout_ms = conversation->timeout_ms });
	}
	while (conversation->next_frame < conversation->frame_count &&
		sizeof conversation->out - conversation->out_filled >= MD_SYMBOL_REQUEST_MAX)
		put_frame(conversation, conversation->next_frame++);
	if (conversation->next_frame == conversation->frame_count && !conversation->ended &&
		sizeof conversation->out - conversation->out_filled >= MD_SYMBOL_REQUEST_MAX) {
		conversation->ended = true;
		put_message(conversation, &(struct md_symbol_request){ .kind = MD_SYMBOL_END });
	}
}

/* Whether the user wants the program to end: then it should not wait for names. */
static bool is_interrupted(signal_set blocked_by_program)
{
	const signal_set ending = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGHUP - 1) | 1ull << (SIGQUIT - 1);
	signal_set pending = 0;

	md_syscall2(SYS_rt_sigpending, (long)&pending, sizeof pending);
	return (pending & ending & ~blocked_by_program) != 0;
}

static bool is_for_now(long result)
{
	return result == -EAGAIN || result == -EINTR;
}

/* Sends and receives until DONE, the deadline, or an error. Never blocks in one direction alone: full buffers cannot stop both sides. */
static const char *talk(struct conversation *conversation)
{
	const int fd = conversation->process.fd;
	struct md_symbol_replies *replies = &conversation->replies;

	while (!replies->done) {
		uint64_t left = md_symbol_left_ms(conversation->process.deadline_ms);

		if (left == 0)
			return md_symbol_say("the symbol helper did not answer in time", "", 0);
		if (is_interrupted(conversation->blocked_by_program))
			return md_symbol_say("finding symbol names was interrupted by a signal", "", 0);
		if (conversation->out_sent == conversation->out_filled)
			prepare_messages(conversation);

		bool sending = conversation->out_sent < conversation->out_filled;
		struct pollfd poll = { .fd = fd, .events = POLLIN };
		struct timespec slice = { 0, (long)(left < SLICE_MS ? left : SLICE_MS) * 1000000 };
		if (sending)
			poll.events |= POLLOUT;
		long ready = md_syscall5(SYS_ppoll, (long)&poll, 1, (long)&slice, 0, sizeof(signal_set));
		if (md_syscall_failed(ready) && !is_for_now(ready))
			return md_symbol_say("cannot wait for the symbol helper", "", (int)-ready);
		if (ready <= 0)
			continue;

		if (poll.revents & POLLOUT) {
			long sent = md_syscall6(SYS_sendto, fd, (long)(conversation->out + conversation->out_sent),
				(long)(conversation->out_filled - conversation->out_sent), MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);

			if (sent > 0)
				conversation->out_sent += (size_t)sent;
			else if (!is_for_now(sent))
				conversation->out_sent = conversation->out_filled; /* nobody listens; what it said can still be read */
		}
		if (poll.revents & (POLLIN | POLLHUP | POLLERR)) {
			long got = md_syscall6(SYS_recvfrom, fd, (long)(conversation->in + conversation->in_filled),
				(long)(sizeof conversation->in - conversation->in_filled), MSG_DONTWAIT, 0, 0);

			if (is_for_now(got))
				continue;
			if (got <= 0)
				return md_symbol_say("the symbol helper ended before it had answered", "", 0);
			conversation->in_filled += (size_t)got;
			long taken = md_symbol_replies_parse(replies, conversation->in, conversation->in_filled);
			if (taken < 0 && replies->greeted && replies->version != MD_SYMBOL_VERSION)
				return md_symbol_say("the symbol helper is of another version: ", md_symbol_helper(), 0);
			if (taken < 0)
				return md_symbol_say("the symbol helper gave an answer that makes no sense", "", 0);
			conversation->in_filled -= (size_t)taken;
			memmove(conversation->in, conversation->in + taken, conversation->in_filled);
		}
	}
	if (replies->full)
		return md_symbol_say("there are more names than there is room for", "", 0);
	return replies->note[0] ? md_symbol_say("", replies->note, 0) : NULL;
}

/* Starts the helper, talks with it, ends it. False in *memory_free: somebody still uses the conversation's memory. */
static const char *converse(struct conversation *conversation, struct md_names *names, bool *memory_free)
{
	const char *why = md_symbol_process_start(&conversation->process, md_symbol_now_ms() + conversation->timeout_ms);

	conversation->replies.frames = conversation->frames;
	conversation->replies.frame_count = conversation->frame_count;
	conversation->replies.names = names;
	if (!why) {
		why = talk(conversation);
		remember(conversation, !why);
	}
	*memory_free = md_symbol_process_end(&conversation->process);
	if (!why && conversation->too_many)
		return md_symbol_say("there are more frames than are asked for in one report", "", 0);
	return why;
}

const char *md_symbol_client_ask(
	const struct md_frame *frames, size_t count, const struct md_modules *modules, struct md_names *names, unsigned timeout_ms)
{
	const signal_set all = ~0ull;
	size_t first = 0;

	while (first < count && !must_ask(frames[first], modules, names))
		first++;
	if (first == count)
		return NULL;
	const char *why = md_symbol_process_refuses();
	struct conversation *conversation = NULL;
	if (!why) {
		conversation = (struct conversation *)md_syscall6(
			SYS_mmap, 0, sizeof *conversation, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (md_syscall_failed((long)conversation)) {
			why = md_symbol_say("no memory for talking to the symbol helper", "", (int)-(long)conversation);
			conversation = NULL;
		}
	}
	/* Without a helper too, what is known of the other frames is put into names. */
	for (size_t i = first; i < count; i++) {
		if (must_ask(frames[i], modules, names) && conversation)
			add_frame(conversation, frames[i]);
	}
	if (why)
		return why;
	md_syscall3(SYS_madvise, (long)conversation, sizeof *conversation, MADV_DONTFORK); /* a fork meanwhile has no use for a copy */
	conversation->modules = modules;
	conversation->timeout_ms = timeout_ms;

	/* No handler of the program may run in the keeper, nor leave us by longjmp with processes and descriptors behind it. */
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&conversation->blocked_by_program, sizeof all);
	signal_set before = conversation->blocked_by_program;
	bool memory_free = true;
	why = converse(conversation, names, &memory_free);
	if (memory_free)
		md_syscall2(SYS_munmap, (long)conversation, sizeof *conversation);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
	return why;
}
