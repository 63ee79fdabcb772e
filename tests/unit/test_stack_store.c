/* SPDX-License-Identifier: MIT */
#include "src/stack_store.h"

#include "src/arena.h"
#include "tests/unit/core_fixture.h"

static struct md_arena arena;
static struct md_stack_store *store;

static void init(void)
{
	md_arena_init(&arena);
	store = md_stack_store_create(&arena);
	cr_assert(store != NULL);
}

TestSuite(stack_store, .init = init);

static struct md_frame frame(uintptr_t pc)
{
	return (struct md_frame){ .pc = pc, .module = (uint16_t)(pc >> 20 & 0xfff) };
}

/* The n-th of a family of stacks that share most of their frames. Returns how many frames it has. */
static size_t make_stack(uint64_t n, struct md_frame *frames)
{
	size_t count = 1 + n % 30;

	for (size_t i = 0; i < count; i++)
		frames[i] = frame(0x400000 + i * 64 + (n >> i / 3) % 97);
	frames[0] = frame(0x800000 + n);
	return count;
}

static void expect_stack(md_stack_id id, const struct md_frame *frames, size_t count)
{
	struct md_frame read[MD_STACK_FRAMES_MAX];

	must(md_stack_store_frames(store, id, read, MD_STACK_FRAMES_MAX) == count, "stack %u has not %zu frames", id.value, count);
	for (size_t i = 0; i < count; i++)
		must(read[i].pc == frames[i].pc && read[i].module == frames[i].module, "stack %u: frame %zu is %#lx", id.value, i,
			read[i].pc);
}

Test(stack_store, the_same_stack_has_the_same_id)
{
	struct md_frame frames[] = { frame(0x1001), frame(0x2002), frame(0x3003) };
	md_stack_id id = md_stack_store_put(store, frames, 3);

	cr_expect(ne(uint, id.value, 0));
	cr_expect(eq(uint, md_stack_store_put(store, frames, 3).value, id.value));
	cr_expect(eq(uint, atomic_load(&store->stack_count), 1));
	expect_stack(id, frames, 3);
}

Test(stack_store, what_differs_has_an_id_of_its_own)
{
	struct md_frame abc[] = { frame(0xa), frame(0xb), frame(0xc) }, cba[] = { frame(0xc), frame(0xb), frame(0xa) };
	md_stack_id ids[] = { md_stack_store_put(store, abc, 3), md_stack_store_put(store, cba, 3), md_stack_store_put(store, abc, 2),
		md_stack_store_put(store, abc, 1), md_stack_store_put(store, abc + 1, 2) };

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			cr_expect(ne(uint, ids[i].value, ids[j].value), "%d and %d", i, j);
	expect_stack(ids[1], cba, 3);
	expect_stack(ids[4], abc + 1, 2);
}

Test(stack_store, no_frames_is_no_stack_and_too_many_are_cut)
{
	static struct md_frame frames[MD_STACK_FRAMES_MAX + 10];
	static uint32_t numbers[MD_STACK_FRAMES_MAX + 1];

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
		frames[i] = frame(0x1000 + i);
	cr_expect(eq(uint, md_stack_store_put(store, frames, 0).value, 0));
	md_stack_id full = md_stack_store_put(store, frames, MD_STACK_FRAMES_MAX);

	cr_expect(eq(uint, md_stack_store_put(store, frames, MD_STACK_FRAMES_MAX + 10).value, full.value));
	expect_stack(full, frames, MD_STACK_FRAMES_MAX);
	cr_expect(eq(uint, md_stack_store_put_numbers(store, numbers, MD_STACK_FRAMES_MAX + 1).value, 0));
	cr_expect(eq(uint, md_stack_store_put_numbers(store, numbers, 0).value, 0));
}

Test(stack_store, fewer_frames_may_be_asked_for)
{
	struct md_frame frames[] = { frame(1), frame(2), frame(3) }, read[3] = { 0 };
	md_stack_id id = md_stack_store_put(store, frames, 3);

	cr_expect(eq(sz, md_stack_store_frames(store, id, read, 2), 3), "how many there are");
	cr_expect(read[0].pc == 1 && read[1].pc == 2 && read[2].pc == 0);
	cr_expect(eq(sz, md_stack_store_frames(store, id, NULL, 0), 3));
}

Test(stack_store, ids_that_were_never_given)
{
	struct md_frame frames[] = { frame(1) }, read[1];

	cr_expect(eq(sz, md_stack_store_frames(store, MD_STACK_NONE, read, 1), 0));
	cr_expect(eq(sz, md_stack_store_frames(store, (md_stack_id){ 5 }, read, 1), 0));
	md_stack_store_put(store, frames, 1);
	cr_expect(eq(sz, md_stack_store_frames(store, (md_stack_id){ 1000 }, read, 1), 0),
		"the storage is there, but nothing is in that place");
	cr_expect(eq(sz, md_stack_store_frames(store, (md_stack_id){ 1u << 29 }, read, 1), 0));
	cr_expect(eq(sz, md_stack_store_frames(store, (md_stack_id){ UINT32_MAX }, read, 1), 0));
}

Test(stack_store, a_frame_keeps_number_and_rule)
{
	uint32_t number = md_frame_put(store, frame(0x1234), 77);
	const struct md_frame_slot *slot = md_frame_find(store, 0x1234);

	cr_assert(ne(uint, number, 0));
	cr_assert(slot != NULL);
	cr_expect(eq(u64, atomic_load(&slot->rule_number), (uint64_t)77 << 32 | number));
	cr_expect(eq(uint, md_frame_put(store, frame(0x1234), 99), number));
	cr_expect(eq(u64, atomic_load(&slot->rule_number), (uint64_t)77 << 32 | number), "a known frame keeps the rule it has");
	cr_expect(md_frame_find(store, 0x1235) == NULL);
	cr_expect(eq(uint, md_frame_put(store, (struct md_frame){ 0 }, 1), 0));
}

/* Far more frames and stacks than any of the first tables hold: every one is found again, by its old id. */
Test(stack_store, tables_grow_without_losing_anything)
{
	enum { STACKS = 60000 };
	static md_stack_id ids[STACKS];
	struct md_frame frames[MD_STACK_FRAMES_MAX];

	for (uint64_t n = 0; n < STACKS; n++) {
		size_t count = make_stack(n, frames);

		ids[n] = md_stack_store_put(store, frames, count);
		must(ids[n].value, "stack %lu", n);
	}
	cr_expect(eq(uint, atomic_load(&store->stack_count), STACKS));
	for (uint64_t n = 0; n < STACKS; n++) {
		size_t count = make_stack(n, frames);

		expect_stack(ids[n], frames, count);
		must((ids[n].value & ((1u << MD_STACK_CHUNK_BITS) - 1)) + count < 1u << MD_STACK_CHUNK_BITS,
			"stack %lu lies over the end of its chunk", n);
		must(md_stack_store_put(store, frames, count).value == ids[n].value, "stack %lu", n);
	}
	cr_expect(eq(uint, atomic_load(&store->stack_count), STACKS));
	cr_expect(gt(uint, store->next, 1u << MD_STACK_CHUNK_BITS), "more than one chunk of storage was needed, or this test shows little");
}

/* A library goes, another comes to its place: old stacks keep what they were, new ones are other stacks. */
Test(stack_store, code_that_is_gone_is_found_no_more)
{
	struct md_frame old[] = { { 0x7f0000001001, 3 }, { 0x400005, 1 } }, new[] = { { 0x7f0000001001, 4 }, { 0x400005, 1 } };
	md_stack_id old_id = md_stack_store_put(store, old, 2);
	uint32_t number = (uint32_t)atomic_load(&md_frame_find(store, 0x7f0000001001)->rule_number);

	md_frames_forget(store, 0x7f0000001002, 0x7f0000002000); /* a range beside it: nothing happens */
	cr_assert(md_frame_find(store, 0x7f0000001001) != NULL);
	md_frames_forget(store, 0x7f0000000000, 0x7f0000001002);
	cr_expect(md_frame_find(store, 0x7f0000001001) == NULL);
	cr_expect(md_frame_find(store, 0x400005) != NULL);
	expect_stack(old_id, old, 2);
	md_stack_id new_id = md_stack_store_put(store, new, 2);

	cr_expect(ne(uint, new_id.value, old_id.value));
	cr_expect(ne(uint, (uint32_t)atomic_load(&md_frame_find(store, 0x7f0000001001)->rule_number), number));
	expect_stack(old_id, old, 2);
	expect_stack(new_id, new, 2);
}

Test(stack_store, many_libraries_come_and_go)
{
	struct md_frame frames[2];

	for (uint16_t round = 1; round <= 200; round++) {
		for (uintptr_t i = 0; i < 50; i++) {
			frames[0] = (struct md_frame){ 0x7f0000000000 + i * 16, round };
			frames[1] = (struct md_frame){ 0x400000 + i, 0 };
			md_stack_id id = md_stack_store_put(store, frames, 2);

			must(id.value == md_stack_store_put(store, frames, 2).value, "round %u", round);
			expect_stack(id, frames, 2);
		}
		md_frames_forget(store, 0x7f0000000000, 0x7f0000001000);
	}
	cr_expect(eq(uint, atomic_load(&store->stack_count), 200 * 50));
	cr_expect(eq(uint, atomic_load(&store->frame_count) - 1, 200 * 50 + 50));
}

/* No memory for a table without them: then at least the rules must go. */
Test(stack_store, forgetting_while_the_system_refuses_memory)
{
	md_frame_put(store, frame(0x5000), 42);
	arena.cursor = arena.end;
	fake_os_refuse_maps(1, UINT64_MAX);
	md_frames_forget(store, 0x5000, 0x5001);
	const struct md_frame_slot *slot = md_frame_find(store, 0x5000);

	cr_expect(slot == NULL || atomic_load(&slot->rule_number) >> 32 == 0);
}

/* Whichever mapping is refused: a stack is stored or there is none, nothing that was stored is lost, and no search runs on for ever. */
Test(stack_store, the_system_refuses_the_nth_mapping, .timeout = 60)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];

	unsigned all_refused = 0;

	for (uint64_t nth = 1; nth <= 12; nth++) {
		static md_stack_id ids[20000];
		unsigned refused = 0;

		md_arena_init(&arena);
		store = md_stack_store_create(&arena);
		fake_os_refuse_maps(nth, nth % 3 ? 20 : UINT64_MAX);
		for (uint64_t n = 0; n < 20000; n++) {
			ids[n] = md_stack_store_put(store, frames, make_stack(n, frames));
			refused += !ids[n].value;
		}
		fake_os_allow_all();
		for (uint64_t n = 0; n < 20000; n++) {
			size_t count = make_stack(n, frames);
			struct md_frame read[MD_STACK_FRAMES_MAX];

			must(ids[n].value == 0 || md_stack_store_frames(store, ids[n], read, MD_STACK_FRAMES_MAX) == count, "stack %lu", n);
			for (size_t i = 0; ids[n].value && i < count; i++) /* a frame for which there was no memory reads as none */
				must(!read[i].pc || read[i].pc == frames[i].pc, "stack %lu: frame %zu is %#lx", n, i, read[i].pc);
		}
		must(md_stack_store_put(store, frames, make_stack(77777, frames)).value, "the system refuses nothing any more");
		expect_stack(md_stack_store_put(store, frames, make_stack(77777, frames)), frames, make_stack(77777, frames));
		all_refused += refused;
	}
	cr_expect(gt(uint, all_refused, 20000), "hardly any stack was refused: this test shows nothing");
}

Test(stack_store, no_memory_at_all)
{
	struct md_arena empty;

	md_arena_init(&empty);
	fake_os_refuse_maps(1, UINT64_MAX);
	cr_expect(md_stack_store_create(&empty) == NULL);
}
