/* SPDX-License-Identifier: MIT */
#include "src/quarantine.h"

#include "src/arena.h"
#include "tests/unit/core_fixture.h"

static struct md_arena arena;
static struct md_quarantine quarantine;

static void init(void)
{
	md_arena_init(&arena);
}

TestSuite(quarantine, .init = init);

/* The n-th block: where it is and what it is charged with. */
static uintptr_t user_of(uint64_t n)
{
	return 0x7f0000000000 + n * 16;
}

static size_t charge_of(uint64_t n)
{
	return 32 + n % 7 * 16;
}

static struct md_quarantined block_of(uint64_t n)
{
	return md_quarantined_make(user_of(n), n % 79, (struct md_record *)(uintptr_t)(0x1000 + n * 24));
}

static void put(uint64_t n)
{
	must(md_quarantine_put(&quarantine, &arena, block_of(n), charge_of(n)), "block %lu", n);
}

static void remove_oldest(uint64_t expected)
{
	struct md_quarantined block = md_quarantine_oldest(&quarantine), due = block_of(expected);

	must(md_quarantined_user(block) == user_of(expected), "block %lu is due, not %#lx", expected, md_quarantined_user(block));
	must(md_quarantined_class(block) == expected % 79 && block.record == due.record, "block %lu: class %u, record %p", expected,
		md_quarantined_class(block), (void *)block.record);
	md_quarantine_remove_oldest(&quarantine, charge_of(expected));
}

Test(quarantine, empty_at_first)
{
	cr_expect(eq(ulong, quarantine.blocks, 0));
	put(0);
	cr_expect(eq(ulong, quarantine.blocks, 1));
	remove_oldest(0);
	cr_expect(quarantine.blocks == 0 && quarantine.bytes == 0);
}

/* Every length from one to over three chunks: the borders of chunks are where a queue goes wrong. */
Test(quarantine, oldest_out_first_at_every_length)
{
	uint64_t in = 0, out = 0;

	for (size_t length = 1; length <= 3 * MD_QUARANTINE_CHUNK + 2; length++) {
		size_t bytes = 0;

		for (size_t i = 0; i < length; i++) {
			bytes += charge_of(in);
			put(in++);
		}
		must(quarantine.blocks == length && quarantine.bytes == bytes, "%lu blocks of %zu bytes", quarantine.blocks,
			quarantine.bytes);
		while (out < in)
			remove_oldest(out++);
		must(quarantine.blocks == 0 && quarantine.bytes == 0, "%lu blocks of %zu bytes", quarantine.blocks, quarantine.bytes);
	}
}

/* The usual life: a queue of some length that one block enters and one leaves. */
Test(quarantine, chunks_are_used_again)
{
	uint64_t in = 0, out = 0;
	size_t mapped;

	while (in < 2 * MD_QUARANTINE_CHUNK + 100)
		put(in++);
	put(in++);
	remove_oldest(out++);
	mapped = atomic_load(&arena.mapped_bytes);
	uintptr_t cursor = arena.cursor;

	for (int i = 0; i < 100 * MD_QUARANTINE_CHUNK; i++) {
		put(in++);
		remove_oldest(out++);
	}
	cr_expect(eq(sz, atomic_load(&arena.mapped_bytes), mapped));
	cr_expect(arena.cursor - cursor <= sizeof(struct md_quarantine_chunk), "%zu bytes more", (size_t)(arena.cursor - cursor));
}

Test(quarantine, random_lengths)
{
	uint64_t in = 0, out = 0, random = 7;
	size_t bytes = 0;

	for (int step = 0; step < 300000; step++) {
		if (random_below(&random, 1000) < (step / 20000 % 2 ? 400u : 600u)) {
			bytes += charge_of(in);
			put(in++);
		} else if (out < in) {
			bytes -= charge_of(out);
			remove_oldest(out++);
		}
		must(quarantine.blocks == in - out && quarantine.bytes == bytes, "step %d", step);
	}
	while (out < in)
		remove_oldest(out++);
}

/* An address and a class share a word: neither may touch the other. */
Test(quarantine, every_class_with_every_address)
{
	const unsigned classes[] = { 0, 1, 78, 255, MD_QUARANTINE_NO_CLASS };
	const uintptr_t users[] = { 16, 0x7f0123456780, ((uintptr_t)1 << MD_QUARANTINE_CLASS_SHIFT) - 16 };

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		for (size_t j = 0; j < sizeof users / sizeof *users; j++) {
			struct md_quarantined block = md_quarantined_make(users[j], classes[i], NULL);

			must(md_quarantined_class(block) == classes[i] && md_quarantined_user(block) == users[j], "class %u at %#lx", classes[i], users[j]);
		}
	}
}

/* The block that finds no room leaves at once; those inside are not lost. */
Test(quarantine, the_system_refuses_a_chunk)
{
	uint64_t in = 0;

	fake_os_refuse_maps(1, 1);
	cr_expect(not(md_quarantine_put(&quarantine, &arena, block_of(0), 32)));
	cr_expect(quarantine.blocks == 0 && quarantine.bytes == 0);
	while (in < MD_QUARANTINE_CHUNK)
		put(in++);
	size_t bytes = quarantine.bytes;

	arena.cursor = arena.end; /* the arena's chunk is used up */
	fake_os_refuse_maps(1, UINT64_MAX);
	cr_expect(not(md_quarantine_put(&quarantine, &arena, block_of(in), 32)));
	cr_expect(quarantine.blocks == MD_QUARANTINE_CHUNK && quarantine.bytes == bytes);
	fake_os_allow_all();
	put(in++);
	for (uint64_t out = 0; out < in; out++)
		remove_oldest(out);
}
