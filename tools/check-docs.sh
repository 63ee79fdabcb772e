#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fails, with a line for each, unless every option and every error stands in README.adoc and in the manual page, and the README's table of
# options is the generated one.
#
# Usage: tools/check-docs.sh COMMAND README MANPAGE
set -u
if [ $# != 3 ]; then
	echo "usage: $0 COMMAND README MANPAGE" >&2
	exit 2
fi
command=$1 readme=$2 page=$3
status=0
variables=$("$command" options --format=adoc | grep -o '^|`MALLOC_DEBUG_[A-Z_]*`' | tr -d '|`')
slugs=$("$command" errors | sed -n 's/^\([^ ][^ ]*\) .*/\1/p')
if [ -z "$variables" ] || [ -z "$slugs" ]; then
	echo "$command lists no options or no errors" >&2
	exit 2
fi
for file in "$readme" "$page"; do
	if [ ! -f "$file" ]; then
		echo "$file: not there"
		status=1
		continue
	fi
	for word in $variables $slugs; do
		# roff writes '-' as '\-', and '\fB' before what is bold
		if ! sed 's/\\f[A-Z]//g; s/\\//g' "$file" | grep -qE "(^|[^A-Za-z_-])$word([^A-Za-z_-]|\$)"; then
			echo "$file: $word is missing"
			status=1
		fi
	done
done
if [ -f "$readme" ]; then
	"$(dirname "$0")/update-readme.sh" --check "$command" "$readme" || status=1
fi
exit $status
