# SPDX-License-Identifier: MIT
# Manual pages, installation, style and documentation checks.

MAN_PAGES := $(patsubst man/%.adoc,$(OUT)/man/%,$(wildcard man/*.adoc))
LIBFILE   := libmalloc_debug.so.$(VERSION)
DOCDIR    ?= $(PREFIX)/share/doc/malloc-debug

docs: $(MAN_PAGES)

# What the manual says of options and errors is printed by the command from its tables.
$(OUT)/options.adoc: $(TOOL)
	$(TOOL) options --format=man > $@.new && mv $@.new $@
$(OUT)/errors.adoc: $(TOOL)
	$(TOOL) errors --format=man > $@.new && mv $@.new $@
$(OUT)/man/%: man/%.adoc $(OUT)/options.adoc $(OUT)/errors.adoc VERSION | $$(@D)/.
	asciidoctor -b manpage --failure-level=WARN -a builddir=$(abspath $(OUT)) -a version=$(VERSION) -o $@ $<

# Manual pages are installed if they were built (make docs needs asciidoctor).
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(DOCDIR)
	install -m 755 $(TOOL) $(DESTDIR)$(BINDIR)/malloc-debug
	install -m 644 $(LIB) $(DESTDIR)$(LIBDIR)/$(LIBFILE)
	ln -sf $(LIBFILE) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libmalloc_debug.so
	install -m 644 include/malloc_debug.h $(DESTDIR)$(INCLUDEDIR)/malloc_debug.h
	install -m 644 $(OUT)/malloc_debug.pc $(DESTDIR)$(LIBDIR)/pkgconfig/malloc_debug.pc
	install -m 644 LICENSE $(DESTDIR)$(DOCDIR)/LICENSE
	install -m 644 report/report.schema.json $(DESTDIR)$(DOCDIR)/report.schema.json
	for page in $(notdir $(MAN_PAGES)); do \
		[ -f $(OUT)/man/$$page ] || continue; \
		install -d $(DESTDIR)$(MANDIR)/man$${page##*.} && install -m 644 $(OUT)/man/$$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page || exit 1; \
	done

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/malloc-debug $(DESTDIR)$(LIBDIR)/$(LIBFILE) $(DESTDIR)$(LIBDIR)/$(SONAME) \
		$(DESTDIR)$(LIBDIR)/libmalloc_debug.so $(DESTDIR)$(INCLUDEDIR)/malloc_debug.h \
		$(DESTDIR)$(LIBDIR)/pkgconfig/malloc_debug.pc $(foreach page,$(notdir $(MAN_PAGES)),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)) \
		$(DESTDIR)$(DOCDIR)/LICENSE $(DESTDIR)$(DOCDIR)/report.schema.json
	-rmdir $(DESTDIR)$(DOCDIR)

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
