/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/private_copy.h"

#include <string.h>
#include <sys/mman.h>

uint8_t *ex_private_copy(const uint8_t *window, size_t size)
{
    uint8_t *copy =
        mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (copy == MAP_FAILED) {
        return NULL;
    }
    memcpy(copy, window, size);
    (void)mprotect(copy, size + 1, PROT_READ);
    return copy;
}

void ex_private_free(uint8_t *copy, size_t size)
{
    (void)munmap(copy, size + 1);
}
