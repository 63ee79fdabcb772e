# SPDX-License-Identifier: MIT
# Test programs that need more than one source file.

# A library that the program is linked against: its constructor runs before main.
$(OUT)/programs/ok_constructor: private PROGRAM_FLAGS += -Wl,--no-as-needed,-rpath,'$$ORIGIN' $(OUT)/programs/plugin_constructor
$(OUT)/programs/ok_constructor: $(OUT)/programs/plugin_constructor

# The runner's other half; see tests/system/support.
$(SYSTEM:%=$(OUT)/tests/system/%): $(OUT)/plain/tests/system/support/expect.o

# Linked with the library in place of being run with a preload.
$(OUT)/programs/linked: private PROGRAM_FLAGS += -Wl,--no-as-needed,-rpath,$(abspath $(OUT)) $(LIB)
$(OUT)/programs/linked: $(LIB)
