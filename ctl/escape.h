/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_ESCAPE_H
#define CT_ESCAPE_H

/* Text of a peer on its way to a terminal: names of guest programs are hostile. */

#include <stddef.h>

/* Copies `text` into dst (cap bytes, at least 4, always terminated): printable ASCII except '\'
 * stays, everything else becomes \xHH.  What does not fit ends in "..".  Returns dst. */
const char *ct_escape(char *dst, size_t cap, const char *text);

#endif
