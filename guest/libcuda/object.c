/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/object.h"

#include <stdlib.h>

#include "guest/libcuda/address.h"
#include "guest/libcuda/array.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/graph_exec.h"
#include "guest/libcuda/linker.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/registration.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/virtual_memory.h"

CUresult gs_objects_make(struct gs_session *s)
{
    s->streams = vgpu_handles_new(VGPU_HANDLE_STREAM, VGPU_STREAMS_MAX);
    s->events = vgpu_handles_new(VGPU_HANDLE_EVENT, VGPU_EVENTS_MAX);
    s->modules = vgpu_handles_new(VGPU_HANDLE_MODULE, VGPU_MODULES_MAX);
    s->functions = vgpu_handles_new(VGPU_HANDLE_FUNCTION, VGPU_FUNCTIONS_MAX);
    s->physicals = vgpu_handles_new(VGPU_HANDLE_PHYSICAL, VGPU_PHYSICALS_MAX);
    s->graphs = vgpu_handles_new(VGPU_HANDLE_GRAPH_EXEC, VGPU_GRAPH_EXECS_MAX);
    s->linkers = vgpu_handles_new(VGPU_HANDLE_LINK, VGPU_LINKS_MAX);
    atomic_store(&s->prints, false);
    atomic_store(&s->silent_done, false);
    gs_speech_init(&s->speech);
    gs_settled_init(&s->settled);
    gs_deferred_init(&s->deferred);
    gs_beacons_init(&s->beacons);
    atomic_store(&s->events_asked, false);
    gs_textures_init(&s->textures);
    gs_device_memory_init(&s->device_memory);
    gs_limits_init(&s->limits);
    gs_image_room_init(&s->image_room);
    for (unsigned int i = 0; i < VGPU_STREAMS_MAX; i++) {
        /* A new worker starts the channel's progress words at 0. */
        atomic_store(&s->sent[i], 0);
    }
    if (s->streams == NULL || s->events == NULL || s->modules == NULL || s->functions == NULL ||
        s->physicals == NULL || s->linkers == NULL || s->graphs == NULL ||
        gs_streams_keep_legacy(s) != 0 || gs_hostmem_init(&s->host, s->link.channel.bytes) != 0 ||
        gs_registrations_keep(s) != 0 || gs_arrays_make(s) != CUDA_SUCCESS ||
        gs_staging_init(&s->staging) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static void drop_stream(void *object, uint64_t handle, void *arg)
{
    struct gs_stream *stream = object;

    (void)handle;
    (void)arg;
    if (stream->wire != 0) {
        gs_capture_stream_ended(stream);
        gs_stream_free(stream);
    }
}

static void drop_exec(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    gs_exec_drop(object);
}

static void drop_event(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    gs_event_free(object);
}

static void drop_module(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    gs_module_free(object);
}

static void drop_linker(void *object, uint64_t handle, void *arg)
{
    (void)handle;
    (void)arg;
    gs_linker_free(object);
}

static void drop_table(struct vgpu_handles **table,
                       void (*drop)(void *object, uint64_t handle, void *arg))
{
    if (*table != NULL && drop != NULL) {
        vgpu_handles_each(*table, drop, NULL);
    }
    vgpu_handles_free(*table);
    *table = NULL;
}

static bool any(const struct gs_alloc *alloc, void *arg)
{
    (void)alloc;
    (void)arg;
    return true;
}

void gs_objects_drop(struct gs_session *s)
{
    struct vgpu_handles *streams = s->streams;
    struct gs_alloc alloc;

    gs_host_calls_drop(s);
    gs_staging_fini(&s->staging);
    gs_virtual_memory_drop(s);
    gs_pools_drop(s);
    gs_blocks_forget(s);
    gs_registrations_drop(s);
    gs_textures_drop(&s->textures);
    gs_arrays_drop(s);
    drop_table(&s->physicals, NULL); /* that freed them */
    drop_table(&s->linkers, drop_linker);
    drop_table(&s->graphs, drop_exec);
    drop_table(&s->functions, NULL); /* modules own them */
    drop_table(&s->modules, drop_module);
    drop_table(&s->events, drop_event);
    drop_table(&streams, drop_stream);
    atomic_store(&s->streams, NULL);
    while (gs_alloc_map_take_if(&s->allocs, any, NULL, &alloc)) {
        if (alloc.reserved) {
            gs_address_release(alloc.base, alloc.size);
        }
    }
    gs_device_memory_fini(&s->device_memory);
    gs_hostmem_fini(&s->host);
}

/* Other threads end what is theirs in other contexts meanwhile. */
#define END_ALL_OF(type, table, context, end)                                                      \
    do {                                                                                           \
        uint32_t at = 0;                                                                           \
        struct type *object;                                                                       \
                                                                                                   \
        while ((object = vgpu_handles_find(table, &at, type##_is_of, context)) != NULL) {          \
            (void)end(object);                                                                     \
        }                                                                                          \
    } while (0)

#define IS_OF(type)                                                                                \
    static bool type##_is_of(const void *object, const void *context)                              \
    {                                                                                              \
        return ((const struct type *)object)->context == context;                                  \
    }

IS_OF(gs_stream) /* never the mark of the legacy stream, which has none */
IS_OF(gs_exec)
IS_OF(gs_event)
IS_OF(gs_module)
IS_OF(gs_linker)

static bool is_of(const struct gs_alloc *alloc, void *arg)
{
    return alloc->context == arg && alloc->kind != GS_ALLOC_GLOBAL && alloc->kind != GS_ALLOC_ALIAS;
}

void gs_objects_free_of(struct gs_session *s, struct gs_context *context)
{
    struct gs_alloc alloc;

    (void)gs_synchronize(s);
    END_ALL_OF(gs_exec, s->graphs, context, gs_exec_destroy);
    END_ALL_OF(gs_event, s->events, context, gs_event_destroy);
    END_ALL_OF(gs_stream, s->streams, context, gs_stream_destroy);
    END_ALL_OF(gs_module, s->modules, context, gs_module_unload);
    END_ALL_OF(gs_linker, s->linkers, context, gs_linker_destroy);
    gs_staging_close_stream(s, &context->null_stream);
    gs_stream_end_null(&context->null_stream);
    gs_textures_end_of(s, context);
    gs_arrays_end_of(s, context);
    while (gs_alloc_map_take_if(&s->allocs, is_of, context, &alloc)) {
        gs_memory_give_back(s, &alloc);
    }
}
