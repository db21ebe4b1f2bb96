/* SPDX-License-Identifier: Apache-2.0 */

/* A module image, as the guest's library finds its size and picks what travels of it. */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/image.h"
#include "guest/libcuda/image_pick.h"

static const struct gs_targets targets = {.count = 2, .capability = {75, 90}};

struct pieces {
    const uint8_t *image;
    size_t size;
    size_t given;
};

/* Pieces lie in the image, but for a head that is made anew. */
static bool take(void *arg, const uint8_t *bytes, size_t size)
{
    struct pieces *pieces = arg;
    bool inside = bytes >= pieces->image && bytes <= pieces->image + pieces->size;

    if (inside ? size > (size_t)(pieces->image + pieces->size - bytes) : pieces->given != 0) {
        abort();
    }
    pieces->given += size;
    return true;
}

static void copy(const struct gs_pick *pick)
{
    uint8_t *to = malloc(pick->bytes);

    if (to == NULL || gs_pick_copy(pick, to) != CUDA_SUCCESS) {
        abort();
    }
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pieces pieces = {.image = data};
    const void *start = NULL;
    struct gs_pick pick;

    /* A wrapper names an address, which is the program's to vouch for. */
    if (size < 4 || gs_image_is_wrapper(data) ||
        gs_image_find(data, size, &start, &pieces.size) != CUDA_SUCCESS) {
        return 0;
    }
    if (start != data || pieces.size > size ||
        gs_pick_plan(&pick, start, pieces.size, &targets) != CUDA_SUCCESS ||
        pick.bytes > pieces.size || !gs_pick_each(&pick, take, &pieces) ||
        pieces.given != pick.bytes) {
        abort();
    }
    if (!pick.whole) {
        (void)gs_image_runs(data, pieces.size, &targets);
    }
    copy(&pick);
    return 0;
}
