# SPDX-License-Identifier: MIT
# The commands for gdb. It loads them by itself with the library they lie beside, from folders on its auto-load safe-path. A distribution, whose
# gdb has a folder for such files, installs with GDBDIR=/usr/share/gdb/auto-load.

GDBDIR     ?=
GDB_SCRIPT := $(OUT)/libmalloc_debug.so-gdb.py

all: $(GDB_SCRIPT)
$(GDB_SCRIPT): gdb/malloc_debug.py | $(OUT)/.
	cp $< $@

.PHONY: install-gdb uninstall-gdb
install: install-gdb
install-gdb: gdb/malloc_debug.py
	install -d $(DESTDIR)$(GDBDIR)$(LIBDIR)
	install -m 644 $< $(DESTDIR)$(GDBDIR)$(LIBDIR)/$(LIBFILE)-gdb.py
uninstall: uninstall-gdb
uninstall-gdb:
	rm -f $(DESTDIR)$(GDBDIR)$(LIBDIR)/$(LIBFILE)-gdb.py
