/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/incoming.h"

#include <string.h>

#include "ex_dispatch.h"
#include "executor/worker/pages.h"
#include "executor/worker/private_copy.h"
#include "executor/worker/session.h"

void ex_incoming_init(struct ex_incoming *incoming)
{
    memset(incoming, 0, sizeof(*incoming));
    (void)pthread_mutex_init(&incoming->lock, NULL);
}

static void drop(struct ex_session *x)
{
    struct ex_incoming *incoming = &x->incoming;

    if (incoming->bytes != NULL) {
        ex_private_free(incoming->bytes, incoming->size);
        ex_uncharge_code(&x->charges, incoming->size);
        incoming->bytes = NULL;
    }
}

/* What was on its way before is given up: the guest that sent it has met an error. */
static CUresult begin(struct ex_session *x, uint64_t size)
{
    struct ex_incoming *incoming = &x->incoming;

    drop(x);
    if (size == 0 || size > VGPU_MODULE_BYTES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!ex_charge_code(&x->charges, size)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    incoming->size = size;
    incoming->got = 0;
    incoming->bytes = ex_private_new(size);
    if (incoming->bytes == NULL) {
        ex_uncharge_code(&x->charges, size);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

/* With the lock. */
static CUresult add(struct ex_session *x, const struct vgpu_args_vgpuImagePart *part)
{
    const uint8_t *from = ex_window_data(&x->window, part->offset, part->bytes);
    struct ex_incoming *incoming = &x->incoming;
    CUresult cu = part->at == 0 ? begin(x, part->image_size) : CUDA_SUCCESS;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (from == NULL || part->bytes == 0 || incoming->bytes == NULL ||
        part->image_size != incoming->size || part->at != incoming->got ||
        part->bytes > incoming->size - incoming->got) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    ex_pages_make(incoming->bytes + incoming->got, part->bytes);
    memcpy(incoming->bytes + incoming->got, from, part->bytes);
    incoming->got += part->bytes;
    return CUDA_SUCCESS;
}

CUresult ex_do_vgpuImagePart(struct ex_session *session, const struct vgpu_args_vgpuImagePart *args,
                             struct vgpu_ret_vgpuImagePart *ret)
{
    CUresult cu;

    (void)ret;
    (void)pthread_mutex_lock(&session->incoming.lock);
    cu = add(session, args);
    (void)pthread_mutex_unlock(&session->incoming.lock);
    return cu;
}

uint8_t *ex_incoming_take(struct ex_session *x, uint64_t size)
{
    struct ex_incoming *incoming = &x->incoming;
    uint8_t *bytes = NULL;

    (void)pthread_mutex_lock(&incoming->lock);
    if (incoming->bytes != NULL && incoming->got == incoming->size && incoming->size == size) {
        bytes = incoming->bytes;
        incoming->bytes = NULL;
        ex_uncharge_code(&x->charges, size);
        ex_private_seal(bytes, size);
    }
    (void)pthread_mutex_unlock(&incoming->lock);
    return bytes;
}
