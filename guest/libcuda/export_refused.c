/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/export.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "guest/libcuda/log.h"

/* What slot each of the functions below stands in. */
static struct {
    const char *table;
    unsigned int slot;
    _Atomic bool told;
} refused[GS_EXPORT_REFUSALS_MAX];
static unsigned int used;

static CUresult refuse(unsigned int i)
{
    if (!atomic_exchange(&refused[i].told, true)) {
        gs_log("the program called slot %u of the driver's private table %s, which is not "
               "supported",
               refused[i].slot, refused[i].table);
    }
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* A function each, because a slot is called with arguments that nobody here knows: which one was
 * called is all there is to tell. */
#define EIGHT(X, d) X(d##0) X(d##1) X(d##2) X(d##3) X(d##4) X(d##5) X(d##6) X(d##7)
#define SIXTY_FOUR(X, d)                                                                           \
    EIGHT(X, d##0)                                                                                 \
    EIGHT(X, d##1)                                                                                 \
    EIGHT(X, d##2) EIGHT(X, d##3) EIGHT(X, d##4) EIGHT(X, d##5) EIGHT(X, d##6) EIGHT(X, d##7)
#define ALL(X)                                                                                     \
    SIXTY_FOUR(X, 00)                                                                              \
    SIXTY_FOUR(X, 01) SIXTY_FOUR(X, 02) SIXTY_FOUR(X, 03) SIXTY_FOUR(X, 04) SIXTY_FOUR(X, 05)

#define DEFINE(octal)                                                                              \
    static CUresult refuse_##octal(void)                                                           \
    {                                                                                              \
        return refuse(octal);                                                                      \
    }
ALL(DEFINE)

#define NAME(octal) (void (*)(void)) refuse_##octal,
static void (*const functions[GS_EXPORT_REFUSALS_MAX])(void) = {ALL(NAME)};

void (*gs_export_refusal(const char *table, unsigned int slot))(void)
{
    assert(used < GS_EXPORT_REFUSALS_MAX);
    refused[used].table = table;
    refused[used].slot = slot;
    return functions[used++];
}
