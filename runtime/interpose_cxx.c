/* SPDX-License-Identifier: MIT
 *
 * operator new and operator delete, by their mangled names (Itanium C++ ABI), so that a block knows which family it belongs to.
 *
 * Failure   What C++ wants then (the new handler in a loop, std::bad_alloc) is the C++ library's business: its own operator is looked up
 *           and called, and it comes back to our malloc for each try. No C++ library is needed by a program that has none.
 * A program's own operators   If it replaces any, all of ours hand on to the C++ library's definitions, which call the program's as the
 *           standard says ([new.delete.array]: new[] goes through operator new).
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/cxx.h"
#include "runtime/resolve.h"
#include "runtime/serve.h"

/* For whom this thread hands on: some operators of the C++ library end in a jump to another one, which comes back to ours as if we had
 * called it. */
static __thread const void *handing_on_for __attribute__((tls_model("initial-exec")));

static bool is_in_same_module(const Dl_info *info, const void *address)
{
	Dl_info other;

	return dladdr(address, &other) && other.dli_fbase == info->dli_fbase;
}

/* The C++ library's definition of an operator, for a caller: the one behind ours, kept in *known, or, when the library was loaded for a
 * plug-in only, the one that the caller's module sees. */
static void *next_operator(const char *name, void *_Atomic *known, const void *caller)
{
	void *found = atomic_load_explicit(known, memory_order_relaxed);
	Dl_info info;

	if (found)
		return found;
	found = dlsym(RTLD_NEXT, name);
	if (found) {
		atomic_store_explicit(known, found, memory_order_relaxed);
		return found;
	}
	if (!dladdr(caller, &info) || !info.dli_fname)
		return NULL;
	if (!is_in_same_module(&info, (const void *)next_operator))
		handing_on_for = caller;
	else if (!handing_on_for || !dladdr(handing_on_for, &info) || !info.dli_fname)
		return NULL;

	void *module = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);

	if (module) {
		found = dlsym(module, name);
		dlclose(module);
	}
	return found;
}

/* The block came from the C++ library's operator by way of our malloc: it belongs to the operator's family all the same, because our
 * operator delete will get it. Not where all operators hand on: then free gets it. */
static void *retag(void *user, enum md_api api)
{
	struct md_zone *zone;
	struct md_record *record;

	if (md_process.cxx_next || !user)
		return user;
	record = md_heap_live_block(&md_process.heap, (uintptr_t)user, &zone);
	if (record)
		record->apis = (uint8_t)((record->apis & 0xf0) | (api & 15));
	return user;
}

/* There is no C++ library: nobody asks again for a request that failed on purpose (src/failures.h). */
static void *fail_alone(void)
{
	if (md_self)
		md_self->failure.handed_on = false;
	return NULL;
}

typedef void *new_function(size_t);
typedef void *new_aligned_function(size_t, size_t);
typedef void *new_nothrow_function(size_t, const void *);
typedef void *new_aligned_nothrow_function(size_t, size_t, const void *);

static inline __attribute__((always_inline)) void *try_new(enum md_api api, size_t size, size_t alignment)
{
	return md_serve_allocate(api, size, size, alignment > MD_ALIGNMENT ? alignment : MD_ALIGNMENT, false, alignment);
}

/* One operator new in its four forms: (size), (size, nothrow), (size, alignment), (size, alignment, nothrow). */
#define DEFINE_NEW(plain, nothrow, aligned, aligned_nothrow, api, aligned_api)                                                        \
	MD_EXPORT void *plain(size_t size);                                                                                            \
	MD_EXPORT MD_LEAVES_NO_COPY void *plain(size_t size) \
	{                                                                                                                              \
		static void *_Atomic known;                                                                                            \
		void *user = md_process.cxx_next ? NULL : try_new(api, size, 0);                                                       \
		if (md_unlikely(!user)) {                                                                                              \
			new_function *next = (new_function *)next_operator(#plain, &known, __builtin_return_address(0));                       \
			user = next ? retag(next(size), api) : fail_alone();                                                                   \
		}                                                                                                                      \
		return user;                                                                                                           \
	}                                                                                                                              \
	MD_EXPORT void *nothrow(size_t size, const void *tag);                                                                         \
	MD_EXPORT MD_LEAVES_NO_COPY void *nothrow(size_t size, const void *tag) \
	{                                                                                                                              \
		static void *_Atomic known;                                                                                            \
		void *user = md_process.cxx_next ? NULL : try_new(api, size, 0);                                                       \
		if (md_unlikely(!user)) {                                                                                              \
			new_nothrow_function *next = (new_nothrow_function *)next_operator(#nothrow, &known, __builtin_return_address(0));     \
			user = next ? retag(next(size, tag), api) : fail_alone();                                                              \
		}                                                                                                                      \
		return user;                                                                                                           \
	}                                                                                                                              \
	MD_EXPORT void *aligned(size_t size, size_t alignment);                                                                        \
	MD_EXPORT MD_LEAVES_NO_COPY void *aligned(size_t size, size_t alignment) \
	{                                                                                                                              \
		static void *_Atomic known;                                                                                            \
		void *user = md_process.cxx_next ? NULL : try_new(aligned_api, size, alignment);                                       \
		if (md_unlikely(!user)) {                                                                                              \
			new_aligned_function *next = (new_aligned_function *)next_operator(#aligned, &known, __builtin_return_address(0));     \
			user = next ? retag(next(size, alignment), aligned_api) : fail_alone();                                                \
		}                                                                                                                      \
		return user;                                                                                                           \
	}                                                                                                                              \
	MD_EXPORT void *aligned_nothrow(size_t size, size_t alignment, const void *tag);                                               \
	MD_EXPORT MD_LEAVES_NO_COPY void *aligned_nothrow(size_t size, size_t alignment, const void *tag) \
	{                                                                                                                              \
		static void *_Atomic known;                                                                                            \
		void *user = md_process.cxx_next ? NULL : try_new(aligned_api, size, alignment);                                       \
		if (md_unlikely(!user)) {                                                                                              \
			new_aligned_nothrow_function *next =                                                                           \
				(new_aligned_nothrow_function *)next_operator(#aligned_nothrow, &known, __builtin_return_address(0));          \
			user = next ? retag(next(size, alignment, tag), aligned_api) : fail_alone();                                           \
		}                                                                                                                      \
		return user;                                                                                                           \
	}

DEFINE_NEW(_Znwm, _ZnwmRKSt9nothrow_t, _ZnwmSt11align_val_t, _ZnwmSt11align_val_tRKSt9nothrow_t, MD_API_NEW, MD_API_NEW_ALIGNED)
DEFINE_NEW(_Znam, _ZnamRKSt9nothrow_t, _ZnamSt11align_val_t, _ZnamSt11align_val_tRKSt9nothrow_t, MD_API_NEW_ARRAY, MD_API_NEW_ARRAY_ALIGNED)

/* One form of operator delete. `arguments` are its parameters after the pointer, `values` the same as they are handed on. */
#define DEFINE_DELETE(name, arguments, values, api, size, alignment)                                                                  \
	MD_EXPORT void name arguments;                                                                                                 \
	MD_EXPORT void name arguments                                                                                                  \
	{                                                                                                                              \
		static void *_Atomic known;                                                                                            \
		void(*next) arguments;                                                                                                 \
		if (md_unlikely(md_process.cxx_next) && (next = (void(*) arguments)next_operator(#name, &known, __builtin_return_address(0)))) { \
			next values;                                                                                                   \
			return;                                                                                                        \
		}                                                                                                                      \
		md_serve_free(api, user, size, alignment);                                                                                   \
	}

DEFINE_DELETE(_ZdlPv, (void *user), (user), MD_API_DELETE, 0, 0)
DEFINE_DELETE(_ZdaPv, (void *user), (user), MD_API_DELETE_ARRAY, 0, 0)
DEFINE_DELETE(_ZdlPvm, (void *user, size_t size), (user, size), MD_API_DELETE_SIZED, size, 0)
DEFINE_DELETE(_ZdaPvm, (void *user, size_t size), (user, size), MD_API_DELETE_ARRAY_SIZED, size, 0)
DEFINE_DELETE(_ZdlPvRKSt9nothrow_t, (void *user, const void *tag), (user, tag), MD_API_DELETE, 0, 0)
DEFINE_DELETE(_ZdaPvRKSt9nothrow_t, (void *user, const void *tag), (user, tag), MD_API_DELETE_ARRAY, 0, 0)
DEFINE_DELETE(_ZdlPvSt11align_val_t, (void *user, size_t alignment), (user, alignment), MD_API_DELETE_ALIGNED, 0, alignment)
DEFINE_DELETE(_ZdaPvSt11align_val_t, (void *user, size_t alignment), (user, alignment), MD_API_DELETE_ARRAY_ALIGNED, 0, alignment)
DEFINE_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *user, size_t alignment, const void *tag), (user, alignment, tag), MD_API_DELETE_ALIGNED, 0,
	alignment)
DEFINE_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *user, size_t alignment, const void *tag), (user, alignment, tag),
	MD_API_DELETE_ARRAY_ALIGNED, 0, alignment)
DEFINE_DELETE(_ZdlPvmSt11align_val_t, (void *user, size_t size, size_t alignment), (user, size, alignment), MD_API_DELETE_SIZED_ALIGNED, size, alignment)
DEFINE_DELETE(_ZdaPvmSt11align_val_t, (void *user, size_t size, size_t alignment), (user, size, alignment), MD_API_DELETE_ARRAY_SIZED_ALIGNED, size,
	alignment)

bool md_cxx_is_replaced(void)
{
	static const struct {
		const char *name;
		void *ours;
	} operators[] = {
		{ "_Znwm", (void *)_Znwm },
		{ "_Znam", (void *)_Znam },
		{ "_ZdlPv", (void *)_ZdlPv },
		{ "_ZdaPv", (void *)_ZdaPv },
		{ "_ZdlPvm", (void *)_ZdlPvm },
		{ "_ZnwmSt11align_val_t", (void *)_ZnwmSt11align_val_t },
	};

	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (!md_resolves_to(operators[i].name, operators[i].ours))
			return true;
	return false;
}
