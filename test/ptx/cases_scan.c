/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

PX_CASE(scan, hillis)
{
    static int32_t a[256];
    static int32_t want[256];
    int32_t sum = 0;
    CUdeviceptr p;

    for (int i = 0; i < 256; i++) {
        a[i] = (int32_t)px_random();
        sum = (int32_t)((uint32_t)sum + (uint32_t)a[i]);
        want[i] = sum;
    }
    p = px_in(a, sizeof(a));
    px_run("scan_hillis", 1, 256, PX_ARGS(&p));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}

PX_CASE(scan, blelloch)
{
    static int64_t a[512];
    static int64_t want[512];
    int64_t sum = 0;
    CUdeviceptr p;

    for (int i = 0; i < 512; i++) {
        a[i] = (int64_t)px_random() >> 12;
        want[i] = sum;
        sum += a[i];
    }
    p = px_in(a, sizeof(a));
    px_run("scan_blelloch", 1, 256, PX_ARGS(&p));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}

PX_CASE(scan, warp)
{
    static float a[128][2];
    static float want[128][2];
    CUdeviceptr p;

    for (int i = 0; i < 128; i++) {
        bool first = i % 32 == 0;

        a[i][0] = px_random_float();
        a[i][1] = px_random_float();
        want[i][0] = first ? a[i][0] : want[i - 1][0] + a[i][0];
        want[i][1] = first || a[i][1] > want[i - 1][1] ? a[i][1] : want[i - 1][1];
    }
    p = px_in(a, sizeof(a));
    px_run("scan_warp", 2, 64, PX_ARGS(&p));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}

PX_CASE(scan, chained)
{
    static uint32_t a[10 * 128];
    static uint32_t want[10 * 128];
    uint32_t sum = 0;
    CUdeviceptr p;
    CUdeviceptr state = px_zero(10 * 2 * sizeof(uint32_t));
    CUdeviceptr ticket = px_zero(sizeof(uint32_t));

    for (int i = 0; i < 10 * 128; i++) {
        a[i] = (uint32_t)px_random();
        sum += a[i];
        want[i] = sum;
    }
    p = px_in(a, sizeof(a));
    px_run("scan_chained", 10, 128, PX_ARGS(&p, &state, &ticket));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}

PX_CASE(scan, segments)
{
    static uint16_t a[256];
    static uint16_t want[256];
    static uint8_t head[256];
    CUdeviceptr p;
    CUdeviceptr h;

    for (int i = 0; i < 256; i++) {
        a[i] = (uint16_t)px_random();
        head[i] = px_random() % 9 == 0;
        want[i] = i == 0 || head[i] ? a[i] : (uint16_t)(want[i - 1] + a[i]);
    }
    p = px_in(a, sizeof(a));
    h = px_in(head, sizeof(head));
    px_run("scan_segments", 1, 256, PX_ARGS(&p, &h));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}
