# SPDX-License-Identifier: MIT
# The page of tools/html, and its tests.

# Taken in by the assembler, which says nothing of what it read.
$(OUT)/plain/tools/html_parts.o: $(wildcard tools/html/*)

PICTURES := $(call objects,plain,tools/html.c tools/html_parts.c tools/svg.c tools/json_read.c)
$(OUT)/tests/unit/test_html: $(PICTURES)
$(OUT)/tests/html/render: $(OUT)/plain/tests/html/render.o $(PICTURES) | $$(@D)/.
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@
