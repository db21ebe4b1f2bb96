/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A module image, as a worker looks at it before the driver does.  The first byte is the policy for
 * code (proto/code_policy.h), the rest the image.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "executor/worker/image.h"
#include "executor/worker/image_choose.h"
#include "executor/worker/image_part.h"
#include "executor/worker/image_scan.h"

#define CAPABILITY 90u
/* What is unpacked is filled, so inputs that ask for more take no time here. */
#define UNPACKED_MAX (1u << 20)

/* Parts lie inside the image, one behind the other.  False: one is left out here. */
static int parts_fit(const uint8_t *image, size_t size)
{
    struct ex_part part;
    uint64_t at = 0;
    uint64_t last = 0;

    while (ex_part_next(image, &at, &part)) {
        if (at <= last || at > size || part.payload < image || part.bytes > size ||
            (size_t)(part.payload - image) > size - part.bytes) {
            abort();
        }
        last = at;
        if (!ex_part_is_plain(&part) && part.plain_bytes > UNPACKED_MAX) {
            return 0;
        }
    }
    return 1;
}

static void look(const uint8_t *image, size_t size, uint32_t policy)
{
    enum ex_image_kind kind = ex_image_check(image, size);
    struct ex_findings findings;
    struct ex_choice choice;

    if (kind == EX_IMAGE_FATBIN && !parts_fit(image, size)) {
        return;
    }
    if (ex_image_choose(image, size, CAPABILITY, policy, &choice) == CUDA_SUCCESS) {
        ex_image_scan(choice.bytes, choice.size, choice.kind, CAPABILITY, true, &findings);
        if (memchr(findings.managed, '\0', sizeof(findings.managed)) == NULL) {
            abort();
        }
    } else if (kind != EX_IMAGE_BAD && policy == 0) {
        abort();
    }
    free(choice.owned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *image;

    if (size == 0) {
        return 0;
    }
    image = malloc(size);
    if (image == NULL) {
        abort();
    }
    memcpy(image, data + 1, size - 1);
    image[size - 1] = '\0';
    look(image, size - 1, data[0]);
    free(image);
    return 0;
}
