/* SPDX-License-Identifier: MIT */
#include "src/finding.h"

#include <string.h>

struct md_finding *md_findings_add(struct md_findings *findings)
{
	if (findings->count == MD_FINDINGS_MAX) {
		findings->dropped++;
		return NULL;
	}
	struct md_finding *finding = &findings->list[findings->count++];

	memset(finding, 0, sizeof *finding);
	return finding;
}
