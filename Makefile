# SPDX-License-Identifier: MIT
# malloc-debug: everything is built under $(OUT).
#   make            library and command
#   make check      all tests (units, units under sanitizers, system tests, layers, documentation)
#   make demo       the main job on a buggy example and on a real program
#   make bench      CPU and memory against the C library and other tools
#   make install    honours DESTDIR, PREFIX, LIBDIR; make deb builds packages

OUT      ?= build
PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
LIBDIR   ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR   ?= $(PREFIX)/share/man
VERSION  := $(shell cat VERSION)

CFLAGS   ?= -O2 -g
OBJCOPY  ?= objcopy
# What every object needs whatever CFLAGS a packager sets.
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
WERROR   ?=
# No path of this machine goes into what is built: two builds give the same bytes, wherever they are made.
BASE     := -std=gnu11 -I. -Iinclude -D_GNU_SOURCE -DMD_VERSION='"$(VERSION)"' -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(WERROR)
# The library: entries need the caller's frame pointer at a known place; nothing of ours may be turned into a call of malloc or memset's checked twin.
LIBFLAGS := -fPIC -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-builtin-malloc -fno-builtin-calloc -ftls-model=initial-exec \
	-fexceptions -fasynchronous-unwind-tables -fno-stack-protector -U_FORTIFY_SOURCE -O2

SRC      := $(sort $(wildcard src/*.c))
REPORT   := $(sort $(wildcard report/*.c))
RUNTIME  := $(sort $(wildcard runtime/*.c))
TOOLS    := $(sort $(wildcard tools/*.c))
SUPPORT  := $(sort $(wildcard tests/support/*.c))
UNITS    := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
THREADED := $(patsubst tests/threads/%.c,%,$(sort $(wildcard tests/threads/race_*.c)))
SYSTEM   := $(patsubst tests/system/%.c,%,$(sort $(wildcard tests/system/test_*.c)))
PROGRAMS := $(sort $(wildcard tests/programs/*.c))
PROGRAMSXX := $(sort $(wildcard tests/programs/*.cc))
PROGRAM_HEADERS := $(wildcard tests/programs/*.h)
EXAMPLES := $(sort $(wildcard examples/*.c))
EXAMPLESXX := $(sort $(wildcard examples/*.cc))

LIB      := $(OUT)/libmalloc_debug.so
SONAME   := libmalloc_debug.so.0
TOOL     := $(OUT)/malloc-debug
objects   = $(patsubst %.c,$(OUT)/$(1)/%.o,$(2))

.PHONY: all check check-units check-sanitized check-threads check-system demo bench install uninstall format tidy layers docs clean
all: $(LIB) $(TOOL) $(OUT)/malloc_debug.pc

.SECONDEXPANSION:
.PRECIOUS: %/.
%/.:
	@mkdir -p $@

$(OUT)/lib/%.o: %.c Makefile VERSION $(OUT)/calls.syms | $$(@D)/.
	$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(LIBFLAGS) -MMD -MP -c $< -o $@
	$(OBJCOPY) --redefine-syms=$(OUT)/calls.syms $@
# The wrappers of libc's functions (runtime/calls.h) leave no frame behind, and nothing in them may be taken for a call of what they wrap.
$(OUT)/lib/runtime/calls%.o: override LIBFLAGS += -foptimize-sibling-calls -fomit-frame-pointer -fno-builtin -fno-tree-loop-distribute-patterns
# Names of the wrapped functions; from them, what the library's own code calls in their place (runtime/calls_own.h), and what it exports.
$(OUT)/calls.names: runtime/calls_names.h $(wildcard runtime/calls*.def) | $(OUT)/.
	$(CC) -E -P -I. $< | grep -o 'MD_NAME [A-Za-z0-9_]*' | sed 's/MD_NAME //' | sort > $@
$(OUT)/calls.syms: $(OUT)/calls.names
	sed 's/.*/& md_own_&\nmd_wrap_& &/' $< > $@
$(OUT)/libmalloc_debug.map: runtime/libmalloc_debug.map $(OUT)/calls.names
	sed "/^local:/e sed 's/.*/\t&;/' $(OUT)/calls.names" $< > $@
$(OUT)/plain/%.o: %.c Makefile VERSION | $$(@D)/.
	$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) -DMD_CHECK_LOCKS -MMD -MP -c $< -o $@

$(LIB): $(OUT)/libmalloc_debug.map $(call objects,lib,$(SRC) $(REPORT) $(RUNTIME))
	$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-soname,$(SONAME) -Wl,-z,defs,-z,now,-z,relro,-z,initfirst -Wl,-Bsymbolic-functions \
		-Wl,--version-script=$< $(filter %.o,$^) -o $@
	ln -sf $(@F) $(OUT)/$(SONAME)

$(TOOL): $(call objects,plain,$(TOOLS) $(SRC) $(REPORT) runtime/os_linux.c)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -ldw -lelf -lz -o $@

# --- tests -----------------------------------------------------------------
UNIT_OBJECTS := $(call objects,plain,$(SRC) $(REPORT) $(SUPPORT) runtime/os_linux.c)
# These read what its owner may write at that moment, and find out afterwards whether it can be used: ThreadSanitizer is told to look away from them.
RACY := src/inspect src/pattern src/history src/guard_look
$(RACY:%=$(OUT)/plain/%.o): override CFLAGS := $(filter-out -fsanitize=thread,$(CFLAGS))
# It calls functions for strings for what they touch.
$(OUT)/plain/tests/unit/test_watch_strings.o: override CFLAGS += -fno-builtin
# What the core asks of the system goes through tests/support/fake_os.c, which refuses it on request.
FAKE_OS := -Wl,--wrap=md_os_map,--wrap=md_os_unmap,--wrap=md_os_drop,--wrap=md_os_move,--wrap=md_os_guard_install,--wrap=md_os_guard_remove,--wrap=md_os_guard_ranges_max,--wrap=md_os_address_space
$(OUT)/tests/unit/%: $(OUT)/plain/tests/unit/%.o $(UNIT_OBJECTS) | $$(@D)/.
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(FAKE_OS) -lcriterion -pthread -o $@
$(OUT)/tests/threads/%: $(OUT)/plain/tests/threads/%.o $(UNIT_OBJECTS) | $$(@D)/.
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(FAKE_OS) -pthread -o $@
$(OUT)/tests/system/%: $(OUT)/plain/tests/system/%.o $(OUT)/plain/tests/system/support/run.o | $$(@D)/.
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -lcriterion -pthread -o $@

PROGRAM_FLAGS = -g -O0 -fno-omit-frame-pointer -Iinclude -I. -D_GNU_SOURCE -w $(shell sed -n 's|^// build: ||p' $<)
$(OUT)/programs/%: tests/programs/%.c $(PROGRAM_HEADERS) include/malloc_debug.h Makefile | $$(@D)/.
	$(CC) $(PROGRAM_FLAGS) $< -o $@ -pthread -ldl
$(OUT)/programs/%: tests/programs/%.cc $(PROGRAM_HEADERS) include/malloc_debug.h Makefile | $$(@D)/.
	$(CXX) $(PROGRAM_FLAGS) $< -o $@ -pthread -ldl
$(OUT)/examples/%: examples/%.c include/malloc_debug.h Makefile | $$(@D)/.
	$(CC) $(PROGRAM_FLAGS) $< -o $@ -pthread -ldl
$(OUT)/examples/%: examples/%.cc include/malloc_debug.h Makefile | $$(@D)/.
	$(CXX) $(PROGRAM_FLAGS) $< -o $@ -pthread -ldl

programs: $(patsubst tests/programs/%.c,$(OUT)/programs/%,$(PROGRAMS)) $(patsubst tests/programs/%.cc,$(OUT)/programs/%,$(PROGRAMSXX)) \
	$(patsubst examples/%.c,$(OUT)/examples/%,$(EXAMPLES)) $(patsubst examples/%.cc,$(OUT)/examples/%,$(EXAMPLESXX))
.PHONY: programs

units: $(UNITS:%=$(OUT)/tests/unit/%)
.PHONY: units
check-units: $(UNITS:%=$(OUT)/tests/unit/%)
	@for t in $^; do $$t || exit 1; done
# The same units under AddressSanitizer and UndefinedBehaviorSanitizer; the library itself is never linked into them.
check-sanitized:
	$(MAKE) OUT=$(OUT)/asan CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' check-units
check-threads: $(THREADED:%=$(OUT)/tests/threads/%)
	@for t in $^; do $$t || exit 1; done
	$(MAKE) OUT=$(OUT)/tsan CFLAGS='-O1 -g -fsanitize=thread -Wno-tsan' check-tsan
check-tsan: $(THREADED:%=$(OUT)/tests/threads/%)
	tests/threads/run-tsan $^
.PHONY: check-tsan
check-system: all programs $(SYSTEM:%=$(OUT)/tests/system/%)
	@for t in $(SYSTEM:%=$(OUT)/tests/system/%); do MD_BUILD=$(abspath $(OUT)) MD_SOURCE=$(CURDIR) $$t -j2 || exit 1; done
check: all layers check-units check-sanitized check-threads check-system docs-check

layers:
	tools/check-layers.sh

clean:
	rm -rf $(OUT)

include $(sort $(wildcard tools/*.mk))
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
