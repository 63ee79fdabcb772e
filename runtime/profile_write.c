/* SPDX-License-Identifier: MIT */
#include "runtime/profile_write.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "report/profile_folded.h"
#include "report/profile_gzip.h"
#include "report/profile_massif.h"
#include "report/profile_proto.h"
#include "report/symbol_protocol.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "src/clock.h"
#include "src/os.h"

#define TEXT_BYTES ((size_t)1 << 20)
#define TEXT_FULL (TEXT_BYTES - MD_PROFILE_FOLDED_LINE)
#define PIECE_FULL (MD_GZIP_PIECE_MAX - MD_PROFILE_PROTO_PIECE)
#define NAMES_BYTES ((size_t)16 << 20)
#define FRAMES_MAX ((size_t)MD_FRAME_CHUNKS_MAX << MD_FRAME_CHUNK_BITS) /* that the stack store can have */
#define ASKS_MAX 8 /* times that the symbol helper is asked; more frames stay without names */
#define HEADERS_MAX 32

/* Memory for one profile; only what is touched takes any. */
struct page {
	char text[TEXT_BYTES];
	char packed[MD_GZIP_ROOM(MD_GZIP_PIECE_MAX)];
	struct md_gzip gzip;
	struct md_profile_proto proto;
	uint64_t used[FRAMES_MAX / 64]; /* a bit for each frame that occurs */
	bool used_modules[MD_MODULES_MAX];
	struct md_profile_place places[MD_MODULES_MAX];
	struct md_frame asked[MD_SYMBOL_FRAMES_MAX];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

struct target {
	struct page *page;
	int fd, result;
	struct md_text text;
	bool packs;
	struct md_stack_printer printer;
};

/* --- output ---------------------------------------------------------------------- */

static void write_out(struct target *target, const struct md_text *text)
{
	if (!target->result && text->cut)
		target->result = -EOVERFLOW;
	if (!target->result && text->length)
		target->result = md_sink_write_fd(target->fd, text->buffer, text->length);
}

static void flush(struct target *target)
{
	struct page *page = target->page;
	struct md_text packed;

	if (target->packs) {
		md_text_init(&packed, page->packed, sizeof page->packed, false);
		md_gzip_put(&page->gzip, page->text, target->text.length, &packed);
		write_out(target, &packed);
	} else {
		write_out(target, &target->text);
	}
	target->text.length = 0;
}

static void flush_if_full(struct target *target)
{
	if (target->text.length > (target->packs ? PIECE_FULL : TEXT_FULL))
		flush(target);
}

/* --- frames ------------------------------------------------------------------------ */

static void note_frames(struct page *page, uint32_t stack)
{
	const struct md_stack_store *stacks = md_process.heap.stacks;
	uint32_t number;

	for (size_t i = 0; (number = md_stack_store_number(stacks, (md_stack_id){ stack }, i)); i++) {
		page->used[number / 64] |= 1ull << number % 64;
		page->used_modules[md_frame_get(stacks, number).module % MD_MODULES_MAX] = true;
	}
}

/* The next frame that occurs, from `from` on; 0 after the last. */
static uint32_t next_frame(const struct page *page, uint32_t from)
{
	for (size_t i = from; i < FRAMES_MAX; i = (i / 64 + 1) * 64) {
		uint64_t left = page->used[i / 64] >> i % 64;

		if (left)
			return (uint32_t)i + (uint32_t)__builtin_ctzll(left);
	}
	return 0;
}

static void find_names(struct target *target)
{
	struct page *page = target->page;
	uint32_t frame = 0;

	if (!md_process.options.symbolize || md_is_restricted())
		return;
	struct md_names *names = md_names_init(page->names, NAMES_BYTES);

	for (unsigned i = 0; i < ASKS_MAX; i++) {
		size_t count = 0;

		while (count < MD_SYMBOL_FRAMES_MAX && (frame = next_frame(page, frame + 1)))
			page->asked[count++] = md_frame_get(target->printer.stacks, frame);
		if (!count || md_symbol_client_ask(page->asked, count, target->printer.modules, names, (unsigned)md_process.options.symbolize_timeout))
			break; /* what failed now would only take its time again */
		if (!frame)
			break;
	}
	target->printer.names = names;
}

/* Where the system has mapped the code of a module: as the headers at its start say, of which one is for code. */
static void find_place(const struct md_module *module, struct md_profile_place *place)
{
	Elf64_Ehdr head;
	Elf64_Phdr headers[HEADERS_MAX];

	*place = (struct md_profile_place){ .begin = module->begin, .end = module->end };
	if (atomic_load(&module->unloaded) || md_os_read(module->begin, &head, sizeof head) != sizeof head ||
		memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof *headers)
		return;
	size_t count = head.e_phnum < HEADERS_MAX ? head.e_phnum : HEADERS_MAX;

	count = md_os_read(module->begin + head.e_phoff, headers, count * sizeof *headers) / sizeof *headers;
	for (size_t i = 0; i < count; i++) {
		const struct { uintptr_t begin, end; } code = { module->bias + headers[i].p_vaddr, module->bias + headers[i].p_vaddr + headers[i].p_memsz };

		if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_X) || code.begin < module->begin || code.end > module->end)
			continue;
		place->begin = code.begin & ~(uintptr_t)(MD_PAGE_BYTES - 1);
		place->end = (code.end + MD_PAGE_BYTES - 1) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
		place->offset = headers[i].p_offset & ~(uint64_t)(MD_PAGE_BYTES - 1);
		return;
	}
}

/* --- formats --------------------------------------------------------------------------- */

static uint64_t wall_now(void)
{
	struct timespec wall = { .tv_sec = (time_t)md_process.start_seconds };

	if (!md_is_restricted())
		md_syscall2(SYS_clock_gettime, CLOCK_REALTIME, (long)&wall);
	return (uint64_t)wall.tv_sec * 1000000000u + (uint64_t)wall.tv_nsec;
}

/* The program's own mapping is the first: that is how readers know what it is. */
static void put_modules(struct target *target, const struct md_profile_report *report, bool program)
{
	struct page *page = target->page;

	for (uint16_t i = 1; i < MD_MODULES_MAX; i++) {
		if (!page->used_modules[i] || (strcmp(md_modules_get(report->printer->modules, i)->path, report->program) == 0) != program)
			continue;
		find_place(md_modules_get(report->printer->modules, i), &page->places[i]);
		md_profile_proto_module(&page->proto, report, i, &target->text);
		flush_if_full(target);
	}
}

static void write_pprof(struct target *target, const struct md_profile_report *report)
{
	struct page *page = target->page;
	struct md_text packed;

	target->packs = true;
	md_text_init(&packed, page->packed, sizeof page->packed, false);
	md_gzip_begin(&page->gzip, &packed);
	write_out(target, &packed);
	md_profile_proto_begin(&page->proto, report, &target->text);
	for (size_t i = 0; i < report->profile->row_count && !target->result; i++) {
		md_profile_proto_row(&page->proto, report, &report->profile->rows[i], &target->text);
		flush_if_full(target);
	}
	for (uint32_t frame = 0; !target->result && (frame = next_frame(page, frame + 1));) {
		md_profile_proto_frame(&page->proto, report, frame, &target->text);
		flush_if_full(target);
	}
	put_modules(target, report, true);
	put_modules(target, report, false);
	for (uint32_t i = 0; !target->result && md_profile_proto_string(&page->proto, i, &target->text); i++)
		flush_if_full(target);
	flush(target);
	md_text_init(&packed, page->packed, sizeof page->packed, false);
	md_gzip_end(&page->gzip, &packed);
	write_out(target, &packed);
}

static void write_rows(struct target *target, enum md_profile_format format, bool live)
{
	struct page *page = target->page;
	struct md_profile *profile = md_profile_take(&md_process.heap, md_process.heap.profile);

	if (!profile) {
		target->result = -ENOMEM;
		return;
	}
	struct md_profile_report report = {
		.profile = profile, .printer = &target->printer, .places = page->places, .pid = md_process_pid(), .program = md_process.program,
		.wall_nanoseconds = wall_now(), .duration_nanoseconds = (uint64_t)(md_process_seconds(md_clock_now()) * 1e9),
		.live = live || !profile->has_all,
	};

	for (size_t i = 0; i < profile->row_count; i++)
		if (profile->rows[i].live_blocks || profile->rows[i].all_blocks)
			note_frames(page, profile->rows[i].stack);
	find_names(target);
	if (format == MD_PROFILE_PPROF) {
		write_pprof(target, &report);
	} else {
		for (size_t i = 0; i < profile->row_count && !target->result; i++) {
			md_profile_folded_row(&report, &profile->rows[i], &target->text);
			flush_if_full(target);
		}
		flush(target);
	}
	md_profile_destroy(profile);
}

/* The bytes of a moment, stack by stack. What has no row of its own has no stack that is known. */
static void put_tree(struct target *target, const struct md_snapshot *snapshot)
{
	const struct md_stack_store *stacks = target->printer.stacks;
	uint64_t bytes = 0;
	size_t frames = snapshot->row_count + 1;

	for (size_t i = 0; i < snapshot->row_count; i++)
		for (size_t k = 0; md_stack_store_number(stacks, (md_stack_id){ snapshot->rows[i].stack }, k); k++)
			frames++;
	size_t mapped = (md_massif_tree_bytes(frames) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
	void *memory = md_os_map(0, mapped);
	struct md_massif_tree tree;

	if (!memory) {
		target->result = -ENOMEM;
		return;
	}
	md_massif_tree_init(&tree, memory, frames);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		md_massif_tree_add(&tree, stacks, (md_stack_id){ snapshot->rows[i].stack }, snapshot->rows[i].bytes);
		bytes += snapshot->rows[i].bytes;
	}
	if (snapshot->bytes > bytes)
		md_massif_tree_add(&tree, stacks, MD_STACK_NONE, snapshot->bytes - bytes);
	while (!target->result && md_massif_tree_line(&tree, &target->printer, &target->text))
		flush_if_full(target);
	md_os_unmap(memory, mapped);
}

static void write_series(struct target *target, const struct md_series *series)
{
	size_t peak = series->count ? md_series_peak(series) : 0;

	for (size_t i = 0; i < series->count; i++) {
		const struct md_snapshot *snapshot = atomic_load(&series->moments[i].snapshot);

		for (size_t k = 0; snapshot && k < snapshot->row_count; k++)
			note_frames(target->page, snapshot->rows[k].stack);
	}
	find_names(target);
	md_massif_head(md_process.program, md_process_pid(), &target->text);
	for (size_t i = 0; i < series->count && !target->result; i++) {
		const struct md_series_moment *moment = &series->moments[i];
		const struct md_snapshot *snapshot = atomic_load(&moment->snapshot);
		double seconds = md_process_seconds(moment->ticks);

		md_massif_moment(i, seconds > 0 ? (uint64_t)(seconds * 1000) : 0, moment->bytes,
			!snapshot ? MD_MASSIF_EMPTY : i == peak ? MD_MASSIF_PEAK : MD_MASSIF_DETAILED, &target->text);
		if (snapshot)
			put_tree(target, snapshot);
		flush_if_full(target);
	}
	flush(target);
}

int md_profile_write(int fd, enum md_profile_format format, bool live, const struct md_series *series)
{
	struct target target = { .page = md_os_map(0, PAGE_BYTES), .fd = fd,
		.printer = { .stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = md_process.options.strip_path } };

	if (!target.page)
		return -ENOMEM;
	md_text_init(&target.text, target.page->text, TEXT_BYTES, false);
	if (format == MD_PROFILE_MASSIF)
		write_series(&target, series);
	else
		write_rows(&target, format, live);
	md_os_unmap(target.page, PAGE_BYTES);
	return target.result;
}
