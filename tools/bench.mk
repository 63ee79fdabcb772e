# SPDX-License-Identifier: MIT
# make bench        CPU and memory against the C library and other tools (some 25 minutes; BENCH_ARGS="--runs 3 --only python" for less),
#                   and cycles of single operations (only these: BENCH_ARGS=--micro)
# make bench-quick  the same with few tools and runs, under a minute
# make bench-readme puts the tables of the last make bench into README.adoc
# make soak         ten minutes of steady work: fails if memory grows (SOAK_ARGS="--minutes 2")
# make realworld    well-known programs, plain and under the library (REALWORLD_ARGS="--only git")

BENCH_PROGRAMS   := $(patsubst bench/%.c,$(OUT)/bench/%,$(sort $(wildcard bench/programs/*.c))) \
	$(patsubst bench/%.cc,$(OUT)/bench/%,$(sort $(wildcard bench/programs/*.cc)))
BENCH_TOOLS      := $(OUT)/bench/measure $(OUT)/bench/count_calls.so
# -fno-builtin: the compiler must not take out the allocations that are to be measured.
BENCH_FLAGS      := -I. -D_GNU_SOURCE -O2 -g -fno-builtin $(WARNINGS) -pthread
BENCH_ARGS       ?=
SOAK_ARGS        ?=
REALWORLD_ARGS   ?=

.PHONY: bench bench-quick bench-readme bench-programs soak realworld
bench: $(LIB) bench-programs
	bench/run.py --out $(OUT) --library $(LIB) $(BENCH_ARGS)
bench-quick: $(LIB) bench-programs
	bench/run.py --out $(OUT) --library $(LIB) --quick $(BENCH_ARGS)
bench-readme:
	test -s $(OUT)/bench.adoc && grep -qxF '// bench begin' README.adoc && grep -qxF '// bench end' README.adoc
	awk -v table=$(OUT)/bench.adoc '$$0 == "// bench end" { inside = 0 } !inside { print } \
		$$0 == "// bench begin" { inside = 1; while ((getline line < table) > 0) print line }' README.adoc > $(OUT)/README.new
	cat $(OUT)/README.new > README.adoc && rm $(OUT)/README.new
soak: $(LIB) bench-programs
	bench/soak --out $(OUT) --library $(LIB) $(SOAK_ARGS)
bench-programs: $(BENCH_PROGRAMS) $(BENCH_TOOLS)

realworld: $(LIB)
	tests/realworld/run --library $(LIB) $(REALWORLD_ARGS)

$(OUT)/bench/programs/%: bench/programs/%.c bench/programs/random.h tools/bench.mk | $$(@D)/.
	$(CC) -std=gnu11 $(BENCH_FLAGS) $< -o $@
$(OUT)/bench/programs/%: bench/programs/%.cc bench/programs/random.h tools/bench.mk | $$(@D)/.
	$(CXX) -std=gnu++17 -I. -D_GNU_SOURCE -O2 -g -Wall -Wextra $< -o $@
$(OUT)/bench/measure: bench/measure.c tools/bench.mk | $$(@D)/.
	$(CC) -std=gnu11 $(BENCH_FLAGS) $< -o $@
$(OUT)/bench/count_calls.so: bench/count_calls.c tools/bench.mk | $$(@D)/.
	$(CC) -std=gnu11 $(BENCH_FLAGS) -Wno-missing-prototypes -fPIC -shared $< -o $@
