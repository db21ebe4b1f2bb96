/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/private_copy.h"

#include <string.h>
#include <sys/mman.h>

#include "executor/worker/pages.h"

uint8_t *ex_private_new(size_t size)
{
    void *at = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at != MAP_FAILED ? at : NULL;
}

void ex_private_seal(uint8_t *copy, size_t size)
{
    (void)mprotect(copy, size + 1, PROT_READ);
}

uint8_t *ex_private_copy(const uint8_t *window, size_t size)
{
    uint8_t *copy = ex_private_new(size);

    if (copy != NULL) {
        ex_pages_make(copy, size + 1);
        memcpy(copy, window, size);
        ex_private_seal(copy, size);
    }
    return copy;
}

void ex_private_free(uint8_t *copy, size_t size)
{
    (void)munmap(copy, size + 1);
}
