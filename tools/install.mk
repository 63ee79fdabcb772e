# SPDX-License-Identifier: MIT
# make install    library, command, header, pkg-config and CMake files, manual pages, licence, the schema of reports; the completions and the
#                 gdb script come from tools/completion.mk and tools/gdb.mk. DESTDIR, PREFIX, LIBDIR and the other folders are honoured.
# make uninstall  takes the same away, with the folders that are ours alone. Give it the same folders.

LIBFILE   := libmalloc_debug.so.$(VERSION)
DOCDIR    ?= $(PREFIX)/share/doc/malloc-debug
CMAKEDIR  ?= $(LIBDIR)/cmake/malloc_debug
PKGCONFIG ?= $(LIBDIR)/pkgconfig
# Manual pages need asciidoctor; without it they are left out, and said so.
INSTALLED_PAGES := $(if $(shell command -v asciidoctor),$(MAN_PAGES))

# All but the folders are fixed, so these are made anew at each installation: no folder of an earlier one is left in them.
define write_package_files
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|; s|@VERSION@|$(VERSION)|; s|@SONAME@|$(SONAME)|' \
		-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' tools/package/malloc_debug.pc.in > $(1)/malloc_debug.pc
	sed -e 's|@SONAME@|$(SONAME)|; s|@TO_INCLUDEDIR@|$(call path_from,$(CMAKEDIR),$(INCLUDEDIR))|' \
		-e 's|@TO_LIBDIR@|$(call path_from,$(CMAKEDIR),$(LIBDIR))|; s|@TO_BINDIR@|$(call path_from,$(CMAKEDIR),$(BINDIR))|' \
		tools/package/malloc_debug-config.cmake.in > $(1)/malloc_debug-config.cmake
	sed 's|@VERSION@|$(VERSION)|' tools/package/malloc_debug-config-version.cmake.in > $(1)/malloc_debug-config-version.cmake
endef
# $(call path_from,FOLDER,TARGET): the way from one to the other, so that what was installed can be moved as a whole.
path_from = $(shell realpath --canonicalize-missing --no-symlinks --relative-to='$(1)' '$(2)')

# For use from the build folder, and to look at; what is installed is written anew.
$(OUT)/malloc_debug.pc: tools/package/malloc_debug.pc.in tools/install.mk VERSION | $(OUT)/.
	sed 's|@PREFIX@|$(CURDIR)|; s|@LIBDIR@|$(abspath $(OUT))|; s|@INCLUDEDIR@|$${prefix}/include|; s|@VERSION@|$(VERSION)|; s|@SONAME@|$(SONAME)|' \
		$< > $@

install: all $(INSTALLED_PAGES)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR) $(DESTDIR)$(PKGCONFIG) $(DESTDIR)$(CMAKEDIR) $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(DOCDIR)
	install -m 755 $(TOOL) $(DESTDIR)$(BINDIR)/malloc-debug
	install -m 644 $(LIB) $(DESTDIR)$(LIBDIR)/$(LIBFILE)
	ln -sf $(LIBFILE) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libmalloc_debug.so
	install -m 644 include/malloc_debug.h $(DESTDIR)$(INCLUDEDIR)/malloc_debug.h
	$(call write_package_files,$(DESTDIR)$(CMAKEDIR))
	mv $(DESTDIR)$(CMAKEDIR)/malloc_debug.pc $(DESTDIR)$(PKGCONFIG)/malloc_debug.pc
	chmod 644 $(DESTDIR)$(CMAKEDIR)/*.cmake $(DESTDIR)$(PKGCONFIG)/malloc_debug.pc
	install -m 644 LICENSE report/report.schema.json $(DESTDIR)$(DOCDIR)
	$(foreach page,$(INSTALLED_PAGES),install -D -m 644 $(page) $(DESTDIR)$(call man_file,$(page)) &&) true
	$(if $(INSTALLED_PAGES),,@echo 'make install: no manual pages: asciidoctor is not installed')

# build/man/NAME.1 goes to .../man1/NAME.1
man_file = $(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/malloc-debug $(DESTDIR)$(LIBDIR)/$(LIBFILE) $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libmalloc_debug.so \
		$(DESTDIR)$(INCLUDEDIR)/malloc_debug.h $(DESTDIR)$(PKGCONFIG)/malloc_debug.pc $(DESTDIR)$(CMAKEDIR)/malloc_debug-config.cmake \
		$(DESTDIR)$(CMAKEDIR)/malloc_debug-config-version.cmake $(foreach page,$(MAN_PAGES),$(DESTDIR)$(call man_file,$(page))) \
		$(DESTDIR)$(DOCDIR)/LICENSE $(DESTDIR)$(DOCDIR)/report.schema.json
	for folder in $(DESTDIR)$(DOCDIR) $(DESTDIR)$(CMAKEDIR); do [ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done

.PHONY: check-install check-exports exports check-abi
check-install: all
	tests/install/run-install $(OUT)
check-exports: $(LIB)
	tests/install/check-exports $(LIB) $(SONAME) tests/install/exports.txt
exports: $(LIB)
	tests/install/check-exports --list $(LIB) > tests/install/exports.txt
# OLD is the library of the last release: fails if a program that was linked against it would not work with this one.
check-abi: $(LIB)
	tests/install/check-abi $(OLD) $(LIB)
check: check-exports check-install

.PHONY: deb check-deb check-reproducible
# Debian packages in $(OUT)/deb, looked at by lintian (tools/install-packages.sh --package).
deb:
	tools/build-deb.sh $(OUT)/deb
# Installs them on a new system in a folder, tries them and removes them. Needs root, the network, and some 500 MB.
check-deb:
	tests/install/run-deb $(OUT)/deb
# Builds twice, in folders of different names, and compares byte for byte.
check-reproducible:
	tools/check-reproducible.sh
