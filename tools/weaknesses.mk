# SPDX-License-Identifier: MIT
# A suite of known weaknesses, each with and without the error (tests/weaknesses/run): as compilers leave it without and with
# optimisation, and with the checks of the C library that distributions turn on.

WEAKNESSES := weaknesses-O0 weaknesses-O2 weaknesses-fortified
WEAKNESS_OBJECTS := $(patsubst tests/weaknesses/%,%.o,$(sort $(wildcard tests/weaknesses/*.c tests/weaknesses/*.cc)))
# A tail call leaves no frame of the function that has the error: nobody could name its line.
WEAKNESS_FLAGS := -g -w -fno-optimize-sibling-calls -I. -D_GNU_SOURCE -U_FORTIFY_SOURCE

define weakness_rules
$(OUT)/$(1)/%.c.o: tests/weaknesses/%.c tools/weaknesses.mk | $$$$(@D)/.
	$(CC) $(WEAKNESS_FLAGS) $(2) -MMD -MP -c $$< -o $$@
$(OUT)/$(1)/%.cc.o: tests/weaknesses/%.cc tools/weaknesses.mk | $$$$(@D)/.
	$(CXX) $(WEAKNESS_FLAGS) $(2) -MMD -MP -c $$< -o $$@
$(OUT)/$(1)/$(1): $(WEAKNESS_OBJECTS:%=$(OUT)/$(1)/%)
	$(CXX) $$^ -o $$@ -pthread
endef
$(eval $(call weakness_rules,weaknesses-O0,-O0))
$(eval $(call weakness_rules,weaknesses-O2,-O2))
$(eval $(call weakness_rules,weaknesses-fortified,-O2 -D_FORTIFY_SOURCE=2))

.PHONY: weaknesses check-weaknesses
weaknesses: $(foreach program,$(WEAKNESSES),$(OUT)/$(program)/$(program))
check-weaknesses: $(LIB) $(TOOL) weaknesses
	tests/weaknesses/run --library $(LIB) $(foreach program,$(WEAKNESSES),$(OUT)/$(program)/$(program))
check: check-weaknesses
