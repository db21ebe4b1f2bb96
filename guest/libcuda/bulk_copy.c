/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/bulk_copy.h"

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

#define LINE_BYTES  64u
#define STREAM_FROM (64u << 10) /* below it the caches serve better */

/* Whole lines to an aligned destination. */
static void stream_lines(uint8_t *dst, const uint8_t *src, size_t lines)
{
    for (size_t i = 0; i < lines; i++, dst += LINE_BYTES, src += LINE_BYTES) {
        const __m128i *from = (const __m128i *)(const void *)src;
        __m128i *to = (__m128i *)(void *)dst;
        __m128i a = _mm_loadu_si128(from);
        __m128i b = _mm_loadu_si128(from + 1);
        __m128i c = _mm_loadu_si128(from + 2);
        __m128i d = _mm_loadu_si128(from + 3);

        _mm_stream_si128(to, a);
        _mm_stream_si128(to + 1, b);
        _mm_stream_si128(to + 2, c);
        _mm_stream_si128(to + 3, d);
    }
    _mm_sfence();
}

void gs_bulk_copy(void *dst, const void *src, size_t bytes)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    size_t head = (size_t)(-(uintptr_t)to & (LINE_BYTES - 1));
    size_t lines;

    if (bytes < STREAM_FROM) {
        memcpy(dst, src, bytes);
        return;
    }
    memcpy(to, from, head);
    lines = (bytes - head) / LINE_BYTES;
    stream_lines(to + head, from + head, lines);
    head += lines * LINE_BYTES;
    memcpy(to + head, from + head, bytes - head);
}
#else
void gs_bulk_copy(void *dst, const void *src, size_t bytes)
{
    memcpy(dst, src, bytes);
}
#endif
