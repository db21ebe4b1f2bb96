/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_TEXEL_H
#define SIM_OP_TEXEL_H

/* What instructions of textures and of surfaces have in common: "[object, coordinates]". */

#include "executor/sim/ptx_build.h"
#include "executor/sim/texture.h"
#include "executor/sim/thr.h"

struct texel_site {
    uint32_t object;   /* slots */
    uint32_t coord[4]; /* of coordinates; a layer apart */
    uint32_t layer;    /* UINT32_MAX: none */
    uint32_t value[4];
    unsigned values; /* of them */
    unsigned dims;
    bool cube;
};

/* Take the geometry, .1d to .acube; false when there is none.  Sets dims, cube and whether the
 * first coordinate is a layer. */
bool texel_geometry(struct ptx_inst *in, struct texel_site *site, bool *layered);

/* Operand k: object and coordinates of a type. */
void texel_operand(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, bool layered,
                   enum ptx_type type, struct texel_site *site);

/* Operand k: registers that are written, or values that are read; a list, or one by itself. */
void texel_results(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                   struct texel_site *site);
void texel_values(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, enum ptx_type type,
                  struct texel_site *site);

/* "txq.width.b32 d, [a]" and suq's: emits it. */
void texel_query(struct ptx_build *b, struct ptx_inst *in, bool surface);

/* The object that the thread names; NULL after a fault. */
const struct sim_texture *texel_object(struct thr *t, const struct insn *i,
                                       const struct texel_site *site, bool surface);

#endif
