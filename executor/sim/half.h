/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_HALF_H
#define SIM_HALF_H

/*
 * Small floating-point formats as bits.  Every value of them is a double, so
 * arithmetic is done in doubles and rounded once; sums that a double cannot
 * hold are kept odd (half_sum), which makes the second rounding harmless.
 */

#include <stdbool.h>
#include <stdint.h>

enum half_kind {
    HALF_F16,
    HALF_BF16,
    HALF_TF32, /* as a single with 13 zeroes below */
    HALF_E4M3, /* no infinities: the largest is 448 */
    HALF_E5M2,
};

enum half_mode {
    HALF_RN,
    HALF_RZ,
    HALF_RM,
    HALF_RP,
    HALF_RNA, /* ties away from zero */
};

/* The value of some bits; those above the format's width are not looked at. */
double half_value(uint32_t bits, enum half_kind kind);

/* d rounded; beyond the largest it becomes infinite, or the largest if saturate. */
uint32_t half_bits(double d, enum half_kind kind, enum half_mode mode, bool saturate);

/* Whether the bits are a denormal. */
bool half_tiny(uint32_t bits, enum half_kind kind);

/* a + b, its last bit set if it is not exact. */
double half_sum(double a, double b);

/* An integer as a double, its last bit set if it is not exact. */
double half_int(__int128 v);

#endif
