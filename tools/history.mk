# SPDX-License-Identifier: MIT
# The reader of history files, which is part of the command, under its own test.

$(OUT)/tests/unit/test_history_reader: $(call objects,plain,tools/history_reader.c)
