/* SPDX-License-Identifier: MIT
 *
 * SVG: the map of the heap as a drawing that stands alone: each zone a row, each block a rectangle coloured by its state, with a text of what it is
 * (a tooltip in browsers), a legend, light and dark.
 */
#ifndef MD_SVG_H
#define MD_SVG_H

#include <stddef.h>
#include <stdio.h>

/* Writes the drawing of a report of type "map", one JSON object (malloc-debug-report(5)). Blocks too small to be seen are drawn together. Returns 0; -1
 * if writing failed (errno says why); -2 if the text is no such report, and then nothing was written. */
int md_svg_map_write(FILE *to, const char *map, size_t bytes);

#endif
