/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/image.h"

/* Walks outside step by step, rather than by a formula. */
static int inside(int n, int side, CUaddress_mode mode)
{
    while (n < 0 || n >= side) {
        if (mode == CU_TR_ADDRESS_MODE_WRAP) {
            n += n < 0 ? side : -side;
        } else if (mode == CU_TR_ADDRESS_MODE_MIRROR) {
            n = n < 0 ? -1 - n : 2 * side - 1 - n;
        } else if (mode == CU_TR_ADDRESS_MODE_CLAMP) {
            n = n < 0 ? 0 : side - 1;
        } else {
            return -1;
        }
    }
    return n;
}

static double texel(const struct px_picture *p, const int at[3], int c)
{
    int place[3];

    for (int k = 0; k < 3; k++) {
        place[k] = inside(at[k], p->side[k], p->mode);
        if (place[k] < 0) {
            return (double)p->border;
        }
    }
    return (double)
        p->data[((place[2] * p->side[1] + place[1]) * p->side[0] + place[0]) * p->channels + c];
}

/* Along one dimension after the other. */
static double along(const struct px_picture *p, int dim, const double at[3], int place[3], int c)
{
    double from;
    double part;
    double low;

    if (dim < 0) {
        return texel(p, place, c);
    }
    from = at[dim] - (p->linear ? 0.5 : 0);
    place[dim] = (int)floor(from);
    part = p->linear ? from - floor(from) : 0;
    low = along(p, dim - 1, at, place, c);
    if (part == 0) {
        return low;
    }
    place[dim] = (int)floor(from) + 1;
    return low * (1 - part) + part * along(p, dim - 1, at, place, c);
}

double px_sample(const struct px_picture *p, int dims, const double at[3], int c)
{
    int place[3] = {0};

    return along(p, dims - 1, at, place, c);
}
