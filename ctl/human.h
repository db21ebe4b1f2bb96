/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_HUMAN_H
#define CT_HUMAN_H

/* Figures for people.  Each writes at most CT_HUMAN bytes, terminated, and returns dst. */

#include <stdint.h>

#define CT_HUMAN 24

/* 0 B, 512 KiB, 1.5 GiB */
const char *ct_bytes(char dst[static CT_HUMAN], uint64_t bytes);

/* 17, 99999, 123.4k, 5.0M */
const char *ct_count(char dst[static CT_HUMAN], uint64_t count);

/* Milliseconds as 12 ms, 3.4 s, 5 min, 2 h 10 min, 4 d 3 h. */
const char *ct_duration(char dst[static CT_HUMAN], uint64_t ms);

/* Nanoseconds as 850 ns, 12.3 us, 4.56 ms, 1.20 s. */
const char *ct_nanoseconds(char dst[static CT_HUMAN], uint64_t ns);

#endif
