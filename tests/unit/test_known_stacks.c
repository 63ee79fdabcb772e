/* SPDX-License-Identifier: MIT
 *
 * Known stacks, over an array that is a stack: whatever is found must be the stack that lies there now, to the last place; and what repeats
 * itself must be found.
 */
#include "src/known_stacks.h"

#include "src/arena.h"
#include "tests/unit/core_fixture.h"

enum { WORDS = 4096, LINKS_MOST = MD_KNOWN_LINKS_MAX };

static struct md_arena arena;
static struct md_known_stacks all;
static _Atomic unsigned spare;
static uintptr_t stack[WORDS];

static void init(void)
{
	md_arena_init(&arena);
	spare = 100000;
	cr_assert(md_known_stacks_init(&all, &arena, &spare));
	for (size_t i = 0; i < WORDS; i++)
		stack[i] = 0x1000 + i;
}

TestSuite(known_stacks, .init = init);

struct sample {
	struct md_known_stack begin;
	struct md_stack_link links[LINKS_MOST];
	size_t count;
};

/* A stack that begins at word `top`, with a link every `stride` words. */
static void make(struct sample *sample, uint32_t id, uintptr_t pc, size_t top, size_t count, size_t stride)
{
	sample->begin = (struct md_known_stack){ .pc = pc, .sp = (uintptr_t)&stack[top], .fp = 7, .id = { id } };
	sample->count = count;
	for (size_t i = 0; i < count; i++)
		sample->links[i] = (struct md_stack_link){ (uintptr_t)&stack[top + i * stride], stack[top + i * stride] };
}

/* What is known of the stack as it lies there now, as a capture asks for it. */
static uint32_t ask(uintptr_t pc, size_t top, uintptr_t fp)
{
	uintptr_t sp = (uintptr_t)&stack[top];
	const struct md_known_stack *known = md_known_stacks_guess(&all, pc, sp, fp);

	if (!known)
		known = md_known_stacks_search(&all, pc, sp, fp);
	return known ? known->id.value : 0;
}

static void put(const struct sample *sample)
{
	const struct md_known_stack *begin = &sample->begin;

	if (md_known_stacks_meet(&all, begin->pc, begin->sp, begin->fp, begin->id))
		md_known_stacks_put(&all, begin, sample->links, sample->count);
}

Test(known_stacks, nothing_is_known_at_first)
{
	cr_assert(eq(u32, ask(0x401000, 10, 7), 0));
}

Test(known_stacks, repeats_are_found_by_the_first_guess)
{
	static struct sample samples[35];

	for (uint32_t n = 0; n < 35; n++)
		make(&samples[n], n + 1, 0x401000 + n % 7 * 16, 100 + n % 5 * 8, n % MD_KNOWN_LINKS, 3);
	for (int round = 0; round < 3; round++) {
		for (uint32_t n = 0; n < 35; n++) {
			const struct md_known_stack *begin = &samples[n].begin;
			const struct md_known_stack *known = md_known_stacks_guess(&all, begin->pc, begin->sp, 7);

			if (round < 2) {
				if (!known && !md_known_stacks_search(&all, begin->pc, begin->sp, 7))
					put(&samples[n]);
			} else {
				must(known && known->id.value == n + 1, "stack %u was not guessed", n + 1);
			}
		}
	}
}

Test(known_stacks, every_place_counts)
{
	static struct sample sample;

	for (size_t count = 0; count <= LINKS_MOST; count += count < 70 ? 1 : 17) {
		md_known_stacks_forget(&all);
		make(&sample, 5, 0x401000, 50, count, 2);
		must(!ask(0x401000, 50, 7), "known before it was put, with %zu links", count);
		put(&sample);
		md_known_stacks_forget(&all);
		must(!ask(0x401000, 50, 7), "known after forgetting, with %zu links", count);
		put(&sample);
		for (size_t i = 0; i < count; i++) {
			uintptr_t *word = (uintptr_t *)sample.links[i].slot;

			for (int bit = 0; bit < 64; bit += 9) {
				all.context = 0;
				*word ^= 1ull << bit;
				must(!ask(0x401000, 50, 7), "link %zu of %zu does not count", i, count);
				*word ^= 1ull << bit;
			}
		}
		all.context = 0;
		must(ask(0x401000, 50, 7) == 5, "not known with %zu links", count);
		all.context = 0;
		must(!ask(0x401001, 50, 7) && !ask(0x401000, 51, 7), "known by other registers");
	}
}

Test(known_stacks, the_frame_pointer_counts_where_the_way_out_depends_on_it)
{
	static struct sample sample;

	for (int depends = 0; depends < 2; depends++) {
		md_known_stacks_forget(&all);
		make(&sample, 5, 0x401000, 50, 9, 2);
		sample.begin.fp_mask = depends ? ~(uintptr_t)0 : 0;
		ask(0x401000, 50, 7);
		put(&sample);
		all.context = 0;
		cr_assert(eq(u32, ask(0x401000, 50, 7), 5));
		all.context = 0;
		cr_assert(eq(u32, ask(0x401000, 50, 8), depends ? 0 : 5));
	}
}

/* One caller and another, and callers of theirs: equal pc and sp, and nothing before them that would tell. */
Test(known_stacks, what_differs_leads_to_the_next_guess)
{
	struct sample samples[6];
	uint64_t random = 3;
	unsigned missed = 0;

	for (uint32_t round = 0; round < 2000; round++) {
		uint32_t n = (uint32_t)random_below(&random, 6);

		stack[60] = 0x1000 + n % 3;
		stack[90] = 0x2000 + n / 3;
		all.context = 0;
		uint32_t id = ask(0x401000, 50, 7);

		must(!id || id == n + 1, "stack %u was taken for %u", n + 1, id);
		if (!id) {
			make(&samples[n], n + 1, 0x401000, 50, 20, 5);
			put(&samples[n]);
			missed += round >= 1000;
		}
	}
	must(!missed, "%u stacks of 1000 were not found", missed);
}

/* Many more stacks than there is room for, of all sizes, and contents that change under them. */
static void run_random(uint64_t random, uint32_t tops, unsigned rounds, unsigned *found)
{
	static struct sample sample;

	*found = 0;
	for (unsigned round = 0; round < rounds; round++) {
		size_t top = 1 + random_below(&random, tops), count = top * 37 % (top % 11 ? 40 : LINKS_MOST), stride = 1 + top % 3;
		uintptr_t pc = 0x401000 + top % 5, want = 1469598103934665603ull;

		if (random_below(&random, 100) == 0)
			stack[random_below(&random, 900)] = random_below(&random, 3);
		make(&sample, 0, pc, top, count, stride);
		for (size_t i = 0; i < count; i++)
			want = (want ^ sample.links[i].value) * 1099511628211ull ^ want >> 29;
		sample.begin.id.value = (uint32_t)(want ^ want >> 32 ^ top * 2654435761u) | 1;
		uint32_t id = ask(pc, top, 7);

		must(!id || id == sample.begin.id.value, "round %u: a stack was taken for another one", round);
		if (id)
			++*found;
		else
			put(&sample);
		if (random_below(&random, 5000) == 0)
			md_known_stacks_forget(&all);
	}
}

Test(known_stacks, nothing_else_is_ever_found)
{
	unsigned found;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		run_random(seed, 300, 200000, &found);
		must(found > 1000, "only %u found", found);
	}
}

Test(known_stacks, room_is_bounded)
{
	unsigned found;
	size_t before = atomic_load(&arena.mapped_bytes);

	spare = 600;
	run_random(9, 800, 100000, &found);
	cr_assert(eq(u32, spare, 88)); /* 512 were taken, once; no more are there */
	cr_assert(lt(sz, atomic_load(&arena.mapped_bytes) - before, (size_t)4 << 20));
}

Test(known_stacks, no_memory)
{
	struct md_known_stacks none;
	struct md_arena empty;

	md_arena_init(&empty);
	fake_os.refuse_from = fake_os.maps;
	fake_os.refuse_until = UINT64_MAX;
	cr_assert(not(md_known_stacks_init(&none, &empty, &spare)));
	unsigned found;

	run_random(4, 800, 20000, &found); /* it stays as small as it is */
}
