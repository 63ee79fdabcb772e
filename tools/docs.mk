# SPDX-License-Identifier: MIT
# Manual pages, style and documentation checks.

MAN_PAGES := $(patsubst man/%.adoc,$(OUT)/man/%,$(wildcard man/*.adoc))

docs: $(MAN_PAGES)

# What the manual says of options and errors is printed by the command from its tables.
$(OUT)/options.adoc: $(TOOL)
	$(TOOL) options --format=man > $@.new && mv $@.new $@
$(OUT)/errors.adoc: $(TOOL)
	$(TOOL) errors --format=man > $@.new && mv $@.new $@
$(OUT)/man/%: man/%.adoc $(OUT)/options.adoc $(OUT)/errors.adoc VERSION | $$(@D)/.
	asciidoctor -b manpage --failure-level=WARN -a builddir=$(abspath $(OUT)) -a version=$(VERSION) -o $@ $<

.PHONY: docs-check readme layers-test
EXAMPLE_PROGRAMS := $(EXAMPLES:%.c=$(OUT)/%) $(EXAMPLESXX:%.cc=$(OUT)/%)
docs-check: $(LIB) $(TOOL) $(EXAMPLE_PROGRAMS) docs
	tools/check-docs.sh $(TOOL) README.adoc $(OUT)/man/malloc-debug.1
	tools/update-samples.sh --check $(OUT) README.adoc
	for text in README ARCHITECTURE CONTRIBUTING; do asciidoctor --failure-level=WARN -o /dev/null $$text.adoc || exit 1; done
# Writes what is generated into README.adoc: the table of options, and the reports that the examples print.
readme: $(LIB) $(TOOL) $(EXAMPLE_PROGRAMS)
	tools/update-readme.sh $(TOOL) README.adoc
	tools/update-samples.sh $(OUT) README.adoc
# A check that cannot fail is none.
layers: layers-test
layers-test:
	tools/check-layers-test.sh

STYLED = $(wildcard src/*.[ch] report/*.[ch] runtime/*.[ch] include/*.h tools/*.[ch] tests/unit/*.c tests/support/*.[ch] tests/threads/*.c \
	tests/system/*.c tests/system/support/*.[ch] examples/*.c)
format:
	clang-format -i $(STYLED)
tidy:
	clang-tidy --quiet --warnings-as-errors='*' $(SRC) $(REPORT) $(RUNTIME) $(TOOLS) -- $(BASE) -DMD_CHECK_LOCKS
