/* SPDX-License-Identifier: MIT
 *
 * Decompression on demand: see the header. The picture is one reserved piece of memory:
 *
 *   | ELF header, section headers, section names | section | section | ...     each from a page's beginning
 *
 * Pages of a compressed section are made readable in steps, from its beginning on, just before they are filled. Allocating in the handler
 * (zlib's window) is harmless: it runs where libdw reads a section, which is never inside malloc.
 */
#include "tools/symbol_inflate.h"

#include <elf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
	STEP_BYTES = 64 * 1024, /* decompressed at a time; a multiple of the page, where that is 64 KiB too */
	SECTIONS_MAX = 32,      /* debug sections of one file */
	ZLIB_HEADER_BYTES = 2,
	DEFLATE_RATIO_MAX = 1032, /* 258 bytes for two bits */
};

/* What was read already, and what of the stream comes next. */
struct section {
	struct section *next;
	unsigned char *begin;
	size_t bytes;
	size_t readable; /* from begin on; filled, or zeros behind damage */
	z_stream stream;
	bool ended;
};

/* A file while its picture is made. */
struct source {
	const unsigned char *bytes;
	size_t size;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;
	size_t section_count;
	const char *names; /* ends in NUL */
	size_t name_bytes;
};

static struct section *sections;
static size_t page_bytes;

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Makes the section readable up to `wanted` bytes at least. False if the system refuses. */
static bool read_up_to(struct section *section, size_t wanted)
{
	size_t target = round_up(wanted, STEP_BYTES), all = round_up(section->bytes, page_bytes);

	if (target > all)
		target = all;
	if (target <= section->readable)
		return true;
	if (mprotect(section->begin + section->readable, target - section->readable, PROT_READ | PROT_WRITE) != 0)
		return false;
	size_t room = (target < section->bytes ? target : section->bytes) - section->readable;
	section->stream.next_out = section->begin + section->readable;
	while (room > 0 && !section->ended) {
		uInt piece = room > STEP_BYTES ? STEP_BYTES : (uInt)room;

		section->stream.avail_out = piece;
		section->ended = inflate(&section->stream, Z_NO_FLUSH) != Z_OK;
		room -= piece - section->stream.avail_out;
	}
	section->readable = target;
	return true;
}

static void handle_fault(int signal_number, siginfo_t *info, void *context)
{
	const unsigned char *addr = info->si_addr;

	(void)context;
	for (struct section *section = sections; section; section = section->next) {
		if (addr >= section->begin && (size_t)(addr - section->begin) < round_up(section->bytes, page_bytes) &&
			(size_t)(addr - section->begin) >= section->readable && read_up_to(section, (size_t)(addr - section->begin) + 1))
			return;
	}
	signal(signal_number, SIG_DFL); /* the same access again, now for real */
}

/* Maps the file and finds its tables. False if it is not a file of this machine's kind, or is damaged. */
static bool read_source(struct source *source, int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || (size_t)status.st_size < sizeof(Elf64_Ehdr))
		return false;
	source->size = (size_t)status.st_size;
	void *bytes = mmap(NULL, source->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	source->bytes = bytes;

	const Elf64_Ehdr *header = bytes;
	const unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != order ||
		(header->e_type != ET_DYN && header->e_type != ET_EXEC) || /* what is not linked has relocations to apply */
		header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % _Alignof(Elf64_Shdr) != 0 ||
		header->e_shoff > source->size || header->e_shnum > (source->size - header->e_shoff) / sizeof(Elf64_Shdr) ||
		header->e_shstrndx >= header->e_shnum)
		return false;
	source->header = header;
	source->sections = (const Elf64_Shdr *)(source->bytes + header->e_shoff);
	source->section_count = header->e_shnum;

	const Elf64_Shdr *names = &source->sections[header->e_shstrndx];
	if (names->sh_type != SHT_STRTAB || names->sh_offset > source->size || names->sh_size > source->size - names->sh_offset ||
		names->sh_size == 0 || source->bytes[names->sh_offset + names->sh_size - 1] != '\0')
		return false;
	source->names = (const char *)source->bytes + names->sh_offset;
	source->name_bytes = names->sh_size;
	return true;
}

static const char *name_section(const struct source *source, const Elf64_Shdr *section)
{
	return section->sh_name < source->name_bytes ? source->names + section->sh_name : "";
}

/* The header of a compressed section; NULL if it is not compressed, or in a way that is left to libdw (*strange is then set). */
static const Elf64_Chdr *find_compression(const struct source *source, const Elf64_Shdr *section, bool *strange)
{
	if (!(section->sh_flags & SHF_COMPRESSED))
		return NULL;
	const unsigned char *data = source->bytes + section->sh_offset;
	const Elf64_Chdr *chdr = (const Elf64_Chdr *)data;
	const unsigned char *zlib = data + sizeof *chdr;

	if (section->sh_size < sizeof *chdr + ZLIB_HEADER_BYTES || section->sh_size > UINT32_MAX ||
		section->sh_offset % _Alignof(Elf64_Chdr) != 0 || chdr->ch_type != ELFCOMPRESS_ZLIB || chdr->ch_size == 0 ||
		chdr->ch_size / DEFLATE_RATIO_MAX > section->sh_size || /* damaged: it could not become that much */
		(zlib[0] & 15) != Z_DEFLATED || (zlib[0] << 8 | zlib[1]) % 31 != 0 || (zlib[1] & 32) != 0) {
		*strange = true;
		return NULL;
	}
	return chdr;
}

/* Collects the debug sections. False if there is nothing to be gained, or something this file does not do. */
static bool choose_sections(const struct source *source, const Elf64_Shdr **chosen, size_t *chosen_count)
{
	bool compressed = false, strange = false, has_info = false;

	*chosen_count = 0;
	for (size_t i = 1; i < source->section_count; i++) {
		const Elf64_Shdr *section = &source->sections[i];
		const char *name = name_section(source, section);

		/* An older kind of compression, a second file, split units: the latter two go by the file's place, which a picture has none of. */
		if (strncmp(name, ".zdebug_", 8) == 0 || strcmp(name, ".gnu_debugaltlink") == 0 || strcmp(name, ".debug_addr") == 0)
			return false;
		if (strncmp(name, ".debug_", 7) != 0 || section->sh_type == SHT_NOBITS)
			continue;
		if (*chosen_count == SECTIONS_MAX || section->sh_offset > source->size ||
			section->sh_size > source->size - section->sh_offset)
			return false;
		compressed |= find_compression(source, section, &strange) != NULL;
		has_info |= strcmp(name, ".debug_info") == 0;
		chosen[(*chosen_count)++] = section;
	}
	return compressed && has_info && !strange;
}

/* Remembers a section that the handler is to fill. False without memory: nothing of it may then be read. */
static bool add_section(const struct source *source, const Elf64_Shdr *header, const Elf64_Chdr *chdr, unsigned char *begin)
{
	struct section *section = calloc(1, sizeof *section);

	if (!section)
		return false;
	section->begin = begin;
	section->bytes = chdr->ch_size;
	/* The stream without its frame: the check sum would cost a tenth, and could only be compared when all was read. */
	section->stream.next_in = (unsigned char *)source->bytes + header->sh_offset + sizeof *chdr + ZLIB_HEADER_BYTES;
	section->stream.avail_in = (uInt)(header->sh_size - sizeof *chdr - ZLIB_HEADER_BYTES);
	if (inflateInit2(&section->stream, -MAX_WBITS) != Z_OK) {
		free(section);
		return false;
	}
	section->next = sections;
	sections = section;
	return true;
}

/* Lays the picture out. Returns it with its size, or NULL. */
static unsigned char *make_picture(const struct source *source, const Elf64_Shdr *const *chosen, size_t chosen_count, size_t *bytes)
{
	size_t head = sizeof(Elf64_Ehdr) + (chosen_count + 2) * sizeof(Elf64_Shdr);
	size_t total = round_up(head + source->name_bytes, page_bytes), at = total;
	bool strange;

	for (size_t i = 0; i < chosen_count; i++) {
		const Elf64_Chdr *chdr = find_compression(source, chosen[i], &strange);

		total += round_up(chdr ? chdr->ch_size : chosen[i]->sh_size, page_bytes);
	}
	unsigned char *picture = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (picture == MAP_FAILED)
		return NULL;
	bool good = mprotect(picture, at, PROT_READ | PROT_WRITE) == 0;

	Elf64_Ehdr *header = (Elf64_Ehdr *)picture;
	Elf64_Shdr *table = (Elf64_Shdr *)(header + 1);
	if (good) {
		*header = *source->header;
		header->e_phoff = 0;
		header->e_phnum = 0;
		header->e_shoff = sizeof *header;
		header->e_shnum = (Elf64_Half)(chosen_count + 2);
		header->e_shstrndx = 1;
		table[1] = source->sections[source->header->e_shstrndx];
		table[1].sh_offset = head;
		memcpy(picture + head, source->names, source->name_bytes);
	}
	for (size_t i = 0; good && i < chosen_count; i++) {
		const Elf64_Chdr *chdr = find_compression(source, chosen[i], &strange);
		Elf64_Shdr *row = &table[i + 2];

		*row = *chosen[i];
		row->sh_offset = at;
		if (chdr) {
			row->sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
			row->sh_size = chdr->ch_size;
			row->sh_addralign = chdr->ch_addralign;
			good = add_section(source, chosen[i], chdr, picture + at);
		} else {
			good = mprotect(picture + at, round_up(row->sh_size, page_bytes), PROT_READ | PROT_WRITE) == 0;
			if (good)
				memcpy(picture + at, source->bytes + chosen[i]->sh_offset, row->sh_size);
		}
		at += round_up(row->sh_size, page_bytes);
	}
	*bytes = total;
	return good ? picture : NULL;
}

Dwarf *md_symbol_inflate(int fd)
{
	static bool handling;
	struct source source;
	const Elf64_Shdr *chosen[SECTIONS_MAX];
	size_t chosen_count, picture_bytes;

	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	source.bytes = NULL;
	if (!read_source(&source, fd) || !choose_sections(&source, chosen, &chosen_count)) {
		if (source.bytes)
			munmap((void *)source.bytes, source.size);
		return NULL;
	}
	unsigned char *picture = make_picture(&source, chosen, chosen_count, &picture_bytes);
	if (!picture)
		return NULL;
	if (!handling) {
		struct sigaction action = { .sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO };

		handling = sigaction(SIGSEGV, &action, NULL) == 0;
	}
	Elf *elf = elf_memory((char *)picture, picture_bytes);
	return elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
}
