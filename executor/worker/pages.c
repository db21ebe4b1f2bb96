/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/pages.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE        ((uintptr_t)4096)
#define WORTH_BYTES ((size_t)64 << 10)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Not large ones: the system may stop to make room for them, for tenths of a second (measured). */
void ex_pages_make(void *at, size_t bytes)
{
    uintptr_t skipped = -(uintptr_t)at & (PAGE - 1);

    if (bytes >= WORTH_BYTES) {
        (void)madvise((char *)at + skipped, (bytes - skipped) & ~(PAGE - 1), MADV_POPULATE_WRITE);
    }
}
