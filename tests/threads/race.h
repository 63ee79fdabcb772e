/* SPDX-License-Identifier: MIT
 *
 * For tests of what happens at once: plain programs with a main, because the test framework does not start under ThreadSanitizer. A
 * failed check prints what was wrong and ends the process with status 1. How much is done can be given on the command line, THREADS
 * ROUNDS, or the rounds alone by the variable RACE_ROUNDS.
 */
#ifndef RACE_H
#define RACE_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/os.h"

#define must(condition, ...) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			_exit(1); \
		} \
	} while (0)

/* Under ThreadSanitizer everything takes ten times as long. */
#ifdef __SANITIZE_THREAD__
#define RACE_SCALE(rounds, rounds_sanitized) (rounds_sanitized)
#else
#define RACE_SCALE(rounds, rounds_sanitized) (rounds)
#endif

#define RACE_THREADS_MAX 64

static unsigned thread_count;
static uint64_t round_count;

static inline void race_arguments(int argc, char **argv, unsigned threads, uint64_t rounds)
{
	thread_count = argc > 1 ? (unsigned)atoi(argv[1]) : threads;
	round_count = argc > 2 ? strtoull(argv[2], NULL, 10) : getenv("RACE_ROUNDS") ? strtoull(getenv("RACE_ROUNDS"), NULL, 10) : rounds;
	must(thread_count >= 1 && thread_count <= RACE_THREADS_MAX, "1 to %d threads", RACE_THREADS_MAX);
}

static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	return (next_random(state) >> 11) % bound;
}

/* Runs count threads with their numbers 0, 1, ... and waits for all of them. */
static inline void race_run(unsigned count, void *(*routine)(void *))
{
	pthread_t threads[RACE_THREADS_MAX];

	for (unsigned i = 0; i < count; i++)
		must(pthread_create(&threads[i], NULL, routine, (void *)(uintptr_t)i) == 0, "no thread %u", i);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

/* Lets `count` threads go on at the same moment, again and again. Zeroed to begin. */
struct race_gate {
	_Atomic unsigned waiting, generation;
};

static inline void race_gate_pass(struct race_gate *gate, unsigned count)
{
	unsigned generation = atomic_load(&gate->generation);

	if (atomic_fetch_add(&gate->waiting, 1) + 1 == count) {
		atomic_store(&gate->waiting, 0);
		atomic_fetch_add(&gate->generation, 1);
		return;
	}
	for (unsigned spins = 0; atomic_load(&gate->generation) == generation; spins++)
		if (spins % 1000 == 999)
			sched_yield();
}

#endif
