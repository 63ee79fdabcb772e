/* SPDX-License-Identifier: MIT */
#include "runtime/thread_memory.h"

#include <dlfcn.h>

#include "runtime/process.h"
#include "src/os.h"

bool md_thread_memory_stack(uintptr_t sp, struct md_span *stack)
{
	for (const struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next) {
		if (thread->parked || sp < thread->stack_low || sp >= thread->stack_high)
			continue;
		*stack = (struct md_span){ thread->stack_low, thread->stack_high };
		return true;
	}
	return false;
}

bool md_thread_memory_is_kept(const struct md_ended_stack *stack)
{
#if defined(__x86_64__)
	uintptr_t block[3];

	return md_os_read(stack->high, block, sizeof block) == sizeof block && block[0] == stack->high && block[2] == stack->high;
#else
	(void)stack;
	return false;
#endif
}

static size_t static_tls_bytes = 65536, thread_block_bytes = 2304; /* of glibc 2.36, where it does not say */

void md_thread_memory_init(void)
{
	void (*tls_info)(size_t *, size_t *) = (void (*)(size_t *, size_t *))dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
	const uint32_t *block_bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
	size_t bytes = 0, alignment;

	if (block_bytes && *block_bytes)
		thread_block_bytes = *block_bytes;
	if (tls_info)
		tls_info(&bytes, &alignment);
	if (bytes > thread_block_bytes)
		static_tls_bytes = bytes - thread_block_bytes;
}

struct md_span md_thread_memory_variables(uintptr_t thread_pointer)
{
#if defined(__x86_64__)
	return (struct md_span){ thread_pointer - static_tls_bytes, thread_pointer + thread_block_bytes };
#else
	return (struct md_span){ thread_pointer - thread_block_bytes, thread_pointer + 16 + static_tls_bytes };
#endif
}

uintptr_t md_thread_memory_pointer(const struct md_roots *roots, size_t i)
{
	struct md_span stack;

	if (i == 0)
		return (uintptr_t)__builtin_thread_pointer();
	const struct md_stopped *thread = &roots->world->threads[i - 1];

	if (thread->thread_pointer || !thread->sp || !md_thread_memory_stack(thread->sp, &stack))
		return thread->thread_pointer;
	struct md_ended_stack known = { stack.begin, stack.end };

	return md_thread_memory_is_kept(&known) ? stack.end : 0; /* it did not answer */
}

uint32_t md_thread_memory_tid(const struct md_roots *roots, size_t i)
{
	return i ? roots->world->threads[i - 1].tid : 0;
}

bool md_thread_memory_owner(const struct md_roots *roots, uintptr_t addr, uint32_t *tid)
{
	for (size_t i = 0; i <= roots->world->count; i++) {
		uintptr_t thread_pointer = md_thread_memory_pointer(roots, i);
		struct md_span range = md_thread_memory_variables(thread_pointer);

		if (!thread_pointer || addr < range.begin || addr >= range.end)
			continue;
		*tid = md_thread_memory_tid(roots, i);
		return true;
	}
	return false;
}

bool md_thread_memory_own_stack(const struct md_roots *roots, uintptr_t *begin, uintptr_t *end)
{
	struct md_span stack, variables = md_thread_memory_variables((uintptr_t)__builtin_thread_pointer());

	if (!md_thread_memory_stack(roots->live_sp, &stack))
		return false;
	*begin = roots->live_sp;
	*end = variables.begin > roots->live_sp && variables.begin < stack.end ? variables.begin : stack.end;
	return true;
}
