# SPDX-License-Identifier: MIT
# Completion for shells: printed by the command from its own tables.

BASH_COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS  ?= $(PREFIX)/share/zsh/site-functions

$(OUT)/completions/malloc-debug: $(TOOL) | $$(@D)/.
	$(TOOL) completion bash > $@.new && mv $@.new $@
$(OUT)/completions/_malloc-debug: $(TOOL) | $$(@D)/.
	$(TOOL) completion zsh > $@.new && mv $@.new $@

.PHONY: install-completions uninstall-completions
install: install-completions
uninstall: uninstall-completions
install-completions: $(OUT)/completions/malloc-debug $(OUT)/completions/_malloc-debug
	install -d $(DESTDIR)$(BASH_COMPLETIONS) $(DESTDIR)$(ZSH_COMPLETIONS)
	install -m 644 $(OUT)/completions/malloc-debug $(DESTDIR)$(BASH_COMPLETIONS)/malloc-debug
	install -m 644 $(OUT)/completions/_malloc-debug $(DESTDIR)$(ZSH_COMPLETIONS)/_malloc-debug
uninstall-completions:
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/malloc-debug $(DESTDIR)$(ZSH_COMPLETIONS)/_malloc-debug
