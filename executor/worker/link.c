/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "executor/worker/image.h"
#include "executor/worker/image_part.h"
#include "executor/worker/jit.h"
#include "executor/worker/module.h"
#include "executor/worker/private_copy.h"
#include "executor/worker/session.h"

/*
 * Link states.  All operations run on helper threads, several at once; one that has found a state
 * keeps it alive, and its lock lets one into the driver at a time.
 */

struct ex_link {
    uint64_t handle;
    unsigned int users; /* under the session's objects lock; the table is one */
    pthread_mutex_t lock;
    CUlinkState cu;
    struct ex_jit jit; /* the driver writes to its logs and times until the end */
    struct ex_jit_room room;
    uint64_t charged;     /* bytes of inputs and result */
    const uint8_t *cubin; /* the driver's, once complete */
    size_t cubin_bytes;
};

static bool driver_links(const struct ex_session *x)
{
    return x->driver->cuLinkCreate != NULL && x->driver->cuLinkAddData != NULL &&
           x->driver->cuLinkComplete != NULL && x->driver->cuLinkDestroy != NULL;
}

/* Finds a state and locks it; NULL for a bad handle. */
static struct ex_link *open_link(struct ex_session *x, uint64_t handle)
{
    (void)pthread_mutex_lock(&x->objects);
    struct ex_link *link = vgpu_handles_get(x->links, handle);

    if (link != NULL) {
        link->users++;
    }
    (void)pthread_mutex_unlock(&x->objects);
    if (link != NULL) {
        (void)pthread_mutex_lock(&link->lock);
    }
    return link;
}

/* Lets go of it; the last user ends it in the driver. */
static CUresult drop_link(struct ex_session *x, struct ex_link *link)
{
    CUresult cu = CUDA_SUCCESS;

    (void)pthread_mutex_lock(&x->objects);
    bool last = --link->users == 0;

    (void)pthread_mutex_unlock(&x->objects);
    if (last) {
        cu = x->driver->cuLinkDestroy(link->cu);
        ex_uncharge_code(&x->charges, link->charged);
        (void)pthread_mutex_destroy(&link->lock);
        free(link);
    }
    return cu;
}

static void close_link(struct ex_session *x, struct ex_link *link)
{
    (void)pthread_mutex_unlock(&link->lock);
    (void)drop_link(x, link);
}

static CUresult file_link(struct ex_session *x, struct ex_link *link, uint64_t *handle)
{
    (void)pthread_mutex_lock(&x->objects);
    int rc = vgpu_handles_mint(x->links, link, &link->handle);

    *handle = rc < 0 ? 0 : link->handle;
    (void)pthread_mutex_unlock(&x->objects);
    if (rc < 0) {
        (void)drop_link(x, link);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

CUresult ex_do_cuLinkCreate_v2(struct ex_session *session,
                               const struct vgpu_args_cuLinkCreate_v2 *args,
                               struct vgpu_ret_cuLinkCreate_v2 *ret)
{
    struct ex_link *link;
    CUresult cu;

    if (!driver_links(session)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    link->users = 1;
    (void)pthread_mutex_init(&link->lock, NULL);
    cu = ex_jit_read(&link->jit, args->options, args->options_len, &link->room, args->info_log_size,
                     args->error_log_size);
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuLinkCreate(link->jit.count, link->jit.options, link->jit.values,
                                           &link->cu);
    }
    if (cu != CUDA_SUCCESS) {
        (void)pthread_mutex_destroy(&link->lock);
        free(link);
        return cu;
    }
    return file_link(session, link, &ret->link);
}

/* Whether an input is what its type says, where that can be seen: the rest is the driver's to
 * judge. */
static bool input_fits(uint32_t type, const uint8_t *data, size_t size)
{
    enum ex_image_kind kind = ex_image_check(data, size);

    switch (type) {
    case CU_JIT_INPUT_PTX:
        return kind == EX_IMAGE_PTX;
    case CU_JIT_INPUT_FATBINARY:
        return kind == EX_IMAGE_FATBIN && ex_parts_unpack(data, NULL);
    case CU_JIT_INPUT_CUBIN:
        return kind != EX_IMAGE_BAD;
    default:
        return true;
    }
}

/* Until the state ends, whether the driver takes the bytes or not. */
static bool charge(struct ex_session *x, struct ex_link *link, uint64_t bytes)
{
    if (!ex_charge_code(&x->charges, bytes)) {
        return false;
    }
    link->charged += bytes;
    return true;
}

static CUresult add_data(struct ex_session *x, struct ex_link *link,
                         const struct vgpu_args_cuLinkAddData_v2 *args, uint8_t *data)
{
    char name[VGPU_TEXT_BYTES_MAX + 1];
    struct ex_jit jit;
    CUresult cu = ex_jit_read(&jit, args->options, args->options_len, NULL, 0, 0);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!ex_name_copy(name, sizeof(name), args->name, args->name_len) ||
        args->type >= CU_JIT_NUM_INPUT_TYPES || link->cubin != NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!input_fits(args->type, data, args->size)) {
        return args->type == CU_JIT_INPUT_PTX ? CUDA_ERROR_INVALID_PTX : CUDA_ERROR_INVALID_IMAGE;
    }
    if (!charge(x, link, args->size)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return x->driver->cuLinkAddData(link->cu, (CUjitInputType)args->type, data, args->size, name,
                                    jit.count, jit.options, jit.values);
}

CUresult ex_do_cuLinkAddData_v2(struct ex_session *session,
                                const struct vgpu_args_cuLinkAddData_v2 *args,
                                struct vgpu_ret_cuLinkAddData_v2 *ret)
{
    static _Thread_local struct ex_jit_room logs; /* the link may be gone when they are sent */
    const uint8_t *window = ex_window_data(&session->window, args->offset, args->size);
    struct ex_link *link = open_link(session, args->link);
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    if (link == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (window != NULL && args->size > 0 && args->size <= VGPU_MODULE_BYTES_MAX) {
        uint8_t *data = ex_private_copy(window, args->size);

        cu = data != NULL ? add_data(session, link, args, data) : CUDA_ERROR_OUT_OF_MEMORY;
        if (data != NULL) {
            ex_private_free(data, args->size);
        }
    }
    logs = link->room;
    ret->info_log = (const uint8_t *)logs.info;
    ret->info_log_len = ex_jit_log_length(logs.info, link->jit.info_size);
    ret->error_log = (const uint8_t *)logs.error;
    ret->error_log_len = ex_jit_log_length(logs.error, link->jit.error_size);
    close_link(session, link);
    return cu;
}

static CUresult complete(struct ex_session *x, struct ex_link *link)
{
    void *cubin = NULL;
    size_t bytes = 0;
    CUresult cu;

    if (link->cubin != NULL) {
        return CUDA_SUCCESS;
    }
    cu = x->driver->cuLinkComplete(link->cu, &cubin, &bytes);
    if (cu == CUDA_SUCCESS &&
        (cubin == NULL || bytes > VGPU_MODULE_BYTES_MAX || !charge(x, link, bytes))) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu == CUDA_SUCCESS) {
        link->cubin = cubin;
        link->cubin_bytes = bytes;
    }
    return cu;
}

CUresult ex_do_cuLinkComplete(struct ex_session *session,
                              const struct vgpu_args_cuLinkComplete *args,
                              struct vgpu_ret_cuLinkComplete *ret)
{
    static _Thread_local struct ex_jit_room logs;
    struct ex_link *link = open_link(session, args->link);
    CUresult cu;

    if (link == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = complete(session, link);
    logs = link->room;
    ret->size = link->cubin_bytes;
    ret->wall_time_us = ex_jit_wall_time_us(&link->jit);
    ret->info_log = (const uint8_t *)logs.info;
    ret->info_log_len = ex_jit_log_length(logs.info, link->jit.info_size);
    ret->error_log = (const uint8_t *)logs.error;
    ret->error_log_len = ex_jit_log_length(logs.error, link->jit.error_size);
    close_link(session, link);
    return cu;
}

CUresult ex_do_vgpuLinkRead(struct ex_session *session, const struct vgpu_args_vgpuLinkRead *args,
                            struct vgpu_ret_vgpuLinkRead *ret)
{
    uint8_t *window = ex_window_data(&session->window, args->offset, args->bytes);
    struct ex_link *link = open_link(session, args->link);
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    (void)ret;
    if (link == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (window != NULL && link->cubin != NULL && args->from <= link->cubin_bytes &&
        args->bytes <= link->cubin_bytes - args->from) {
        memcpy(window, link->cubin + args->from, args->bytes);
        cu = CUDA_SUCCESS;
    }
    close_link(session, link);
    return cu;
}

CUresult ex_do_cuLinkDestroy(struct ex_session *session, const struct vgpu_args_cuLinkDestroy *args,
                             struct vgpu_ret_cuLinkDestroy *ret)
{
    (void)ret;
    (void)pthread_mutex_lock(&session->objects);
    struct ex_link *link = vgpu_handles_take(session->links, args->link);

    (void)pthread_mutex_unlock(&session->objects);
    return link != NULL ? drop_link(session, link) : CUDA_ERROR_INVALID_HANDLE;
}
