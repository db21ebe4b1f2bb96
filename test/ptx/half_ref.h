/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_HALF_REF_H
#define VGPU_TEST_PTX_HALF_REF_H

/*
 * f16 and bf16 for the checker, by integers in units of 2^-60: exact for all
 * that the cases compute, and sharing nothing with the simulator.
 */

#include <stdbool.h>
#include <stdint.h>

enum half_ref_mode {
    REF_NEAREST,
    REF_ZERO,
    REF_DOWN,
    REF_UP,
};

/* The value of bits. */
double half_ref_value(uint16_t bits, bool bf);

/* d in units of 2^-60; d must be finite, below 2^60 and a multiple of that. */
__int128 half_ref_fixed(double d);

/* Rounded to a format; too large becomes infinite, or the largest when towards zero. */
uint16_t half_ref_bits(__int128 v, bool bf, enum half_ref_mode mode);

/* a + b, a * b, a * b + c of three values given as bits, rounded to nearest; any may be special. */
uint16_t half_ref_add(uint16_t a, uint16_t b, bool bf);
uint16_t half_ref_mul(uint16_t a, uint16_t b, bool bf);
uint16_t half_ref_fma(uint16_t a, uint16_t b, uint16_t c, bool bf);

/* Clamped to 0..1, NaN to 0. */
uint16_t half_ref_sat(uint16_t bits, bool bf);

/* The lesser or (sign -1) greater. */
uint16_t half_ref_extreme(uint16_t a, uint16_t b, int sign, bool bf);

#endif
