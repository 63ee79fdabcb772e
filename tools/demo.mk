# SPDX-License-Identifier: MIT
# make demo    the library at work: a well-known program that it does not disturb, a program with a bug, and the same one stripped

.PHONY: demo
demo: all $(OUT)/examples/heap_buffer_overflow
	tools/demo.sh $(OUT)
