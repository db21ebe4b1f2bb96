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
    gs_alloc_map_init(&s->allocs);
    gs_settled_init(&s->settled);
    gs_deferred_init(&s->deferred);
    gs_beacons_init(&s->beacons);
    atomic_store(&s->events_asked, false);
    gs_textures_init(&s->textures);
    gs_device_memory_init(&s->device_memory);
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
    drop_table(&s->streams, drop_stream);
    while (gs_alloc_map_take_if(&s->allocs, any, NULL, &alloc)) {
        if (alloc.reserved) {
            gs_address_release(alloc.base, alloc.size);
        }
    }
    gs_device_memory_fini(&s->device_memory);
    gs_hostmem_fini(&s->host);
}

static void end_stream(void *object, uint64_t handle, void *arg)
{
    struct gs_stream *stream = object;

    (void)handle;
    if (stream->context == arg && stream->wire != 0) {
        (void)gs_stream_destroy(stream);
    }
}

static void end_exec(void *object, uint64_t handle, void *arg)
{
    struct gs_exec *exec = object;

    (void)handle;
    if (exec->context == arg) {
        (void)gs_exec_destroy(exec);
    }
}

static void end_event(void *object, uint64_t handle, void *arg)
{
    struct gs_event *event = object;

    (void)handle;
    if (event->context == arg) {
        (void)gs_event_destroy(event);
    }
}

static void end_module(void *object, uint64_t handle, void *arg)
{
    struct gs_module *module = object;

    (void)handle;
    if (module->context == arg) {
        (void)gs_module_unload(module);
    }
}

static void end_linker(void *object, uint64_t handle, void *arg)
{
    struct gs_linker *linker = object;

    (void)handle;
    if (linker->context == arg) {
        (void)gs_linker_destroy(linker);
    }
}

static bool is_of(const struct gs_alloc *alloc, void *arg)
{
    return alloc->context == arg && alloc->kind != GS_ALLOC_GLOBAL && alloc->kind != GS_ALLOC_ALIAS;
}

void gs_objects_free_of(struct gs_session *s, struct gs_context *context)
{
    struct gs_alloc alloc;

    (void)gs_synchronize(s);
    vgpu_handles_each(s->graphs, end_exec, context);
    vgpu_handles_each(s->events, end_event, context);
    vgpu_handles_each(s->streams, end_stream, context);
    vgpu_handles_each(s->modules, end_module, context);
    vgpu_handles_each(s->linkers, end_linker, context);
    gs_stream_end_null(&context->null_stream);
    gs_textures_end_of(s, context);
    gs_arrays_end_of(s, context);
    while (gs_alloc_map_take_if(&s->allocs, is_of, context, &alloc)) {
        gs_memory_give_back(s, &alloc);
    }
}
