# SPDX-License-Identifier: MIT
# The page of report/html, and what its tests run.

# Taken in by the assembler, which says nothing of what it read.
$(OUT)/lib/report/page_html.o $(OUT)/plain/report/page_html.o: $(wildcard report/html/*)

$(OUT)/tests/html/render: $(call objects,plain,tests/html/render.c tools/html.c tools/svg.c tools/json_read.c report/page_html.c) | $$(@D)/.
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

programs: $(OUT)/tests/html/render
