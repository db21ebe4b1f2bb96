/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/transport.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "guest/transport/device.h"
#include "guest/transport/page_scan.h"
#include "proto/limits.h"

const struct gs_transport *gs_transport_choose(void)
{
    const char *path = secure_getenv("VGPU_SOCKET");

    if (path != NULL && *path != '\0') {
        return &gs_transport_socket;
    }
    return gs_device_is_present() ? &gs_transport_device : &gs_transport_socket;
}

int gs_channel_open(struct gs_channel *channel, const char *where, struct gs_obstacle *obstacle)
{
    const struct gs_transport *transport =
        where != NULL ? &gs_transport_socket : gs_transport_choose();

    *obstacle = (struct gs_obstacle){.kind = GS_OBSTACLE_NONE};
    return transport->open(channel, where, obstacle);
}

void gs_channel_close(struct gs_channel *channel)
{
    if (channel->transport != NULL) {
        channel->transport->close(channel);
        channel->transport = NULL;
    }
    free(channel->maps);
    channel->maps = NULL;
    channel->maps_room = 0;
}

int gs_channel_ring(struct gs_channel *channel)
{
    return channel->transport->ring(channel);
}

int gs_channel_wait(struct gs_channel *channel, int64_t timeout_ns)
{
    return channel->transport->wait(channel, timeout_ns);
}

/* Nothing but the address range, also in place of what is there. */
static void *map_nothing(void *at, uint64_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != NULL ? MAP_FIXED : 0);
    void *memory = mmap(at, bytes, PROT_NONE, flags, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

static struct gs_mapping *find_mapping(struct gs_channel *channel, const void *memory)
{
    for (unsigned int i = 0; i < channel->maps_room; i++) {
        if (channel->maps[i].memory == memory) {
            return &channel->maps[i];
        }
    }
    return NULL;
}

static bool map_part(const struct gs_channel *channel, int fd, uint8_t *at, uint64_t offset,
                     uint64_t bytes)
{
    return bytes == 0 || mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                              (off_t)(channel->memory_offset + offset)) != MAP_FAILED;
}

/* A free place for one more part, or NULL. */
static struct gs_mapping *find_place(struct gs_channel *channel)
{
    struct gs_mapping *found = find_mapping(channel, NULL);
    unsigned int room = channel->maps_room == 0 ? 4 : channel->maps_room * 2;
    struct gs_mapping *grown;

    if (found != NULL || channel->maps_room == GS_MAPS_MAX) {
        return found;
    }
    room = room > GS_MAPS_MAX ? GS_MAPS_MAX : room;
    grown = reallocarray(channel->maps, room, sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    for (unsigned int i = channel->maps_room; i < room; i++) {
        grown[i].memory = NULL;
    }
    found = &grown[channel->maps_room];
    channel->maps = grown;
    channel->maps_room = room;
    return found;
}

/* With the lock. */
static void *map_locked(struct gs_channel *channel, void *at, uint64_t offset, uint64_t bytes,
                        bool inherited)
{
    uint64_t front = offset < VGPU_CHANNEL_DATA_OFFSET ? VGPU_CHANNEL_DATA_OFFSET - offset : 0;
    struct gs_mapping *mapping = find_place(channel);
    uint8_t *memory =
        mapping != NULL && !atomic_load(&channel->retired) ? map_nothing(at, bytes) : NULL;

    front = front < bytes ? front : bytes;
    if (memory == NULL) {
        return NULL;
    }
    if (!map_part(channel, channel->memory_fd, memory, offset, front) ||
        !map_part(channel, channel->data_fd, memory + front, offset + front, bytes - front)) {
        if (at != NULL) {
            (void)map_nothing(at, bytes);
        } else {
            (void)munmap(memory, bytes);
        }
        return NULL;
    }
    /* A child that wrote here would speak with the parent's voice. */
    if (!inherited) {
        (void)madvise(memory, bytes, MADV_DONTFORK);
    }
    *mapping = (struct gs_mapping){memory, bytes, false};
    return memory;
}

void *gs_channel_map(struct gs_channel *channel, void *at, uint64_t offset, uint64_t bytes)
{
    void *memory;

    (void)pthread_mutex_lock(&channel->maps_lock);
    memory = map_locked(channel, at, offset, bytes, false);
    (void)pthread_mutex_unlock(&channel->maps_lock);
    return memory;
}

void *gs_channel_map_inherited(struct gs_channel *channel, uint64_t offset, uint64_t bytes)
{
    void *memory;

    (void)pthread_mutex_lock(&channel->maps_lock);
    memory = map_locked(channel, NULL, offset, bytes, true);
    (void)pthread_mutex_unlock(&channel->maps_lock);
    return memory;
}

void gs_channel_unmap(struct gs_channel *channel, void *memory)
{
    struct gs_mapping *mapping;

    (void)pthread_mutex_lock(&channel->maps_lock);
    mapping = memory != NULL ? find_mapping(channel, memory) : NULL;
    if (mapping != NULL) {
        (void)munmap(memory, mapping->bytes);
        mapping->memory = NULL;
    }
    (void)pthread_mutex_unlock(&channel->maps_lock);
}

void gs_channel_freeze(struct gs_channel *channel)
{
    (void)pthread_mutex_lock(&channel->maps_lock);
}

void gs_channel_thaw(struct gs_channel *channel)
{
    (void)pthread_mutex_unlock(&channel->maps_lock);
}

void gs_channel_rename(struct gs_channel *channel, const void *memory, void *to)
{
    struct gs_mapping *mapping = find_mapping(channel, memory);

    if (mapping != NULL) {
        mapping->memory = to;
        mapping->foreign = true;
    }
}

static void put_zeros(void *memory, uint64_t bytes)
{
    (void)mmap(memory, bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* The channel's pages in [from, to), as far as they are parts that were moved. */
static void retire_foreign(uint64_t from, uint64_t to, void *arg)
{
    const struct gs_channel *channel = arg;

    for (unsigned int i = 0; i < channel->maps_room; i++) {
        const struct gs_mapping *mapping = &channel->maps[i];
        uint64_t first = (uint64_t)(uintptr_t)mapping->memory;
        uint64_t end = first + mapping->bytes;

        first = first > from ? first : from;
        end = end < to ? end : to;
        if (mapping->memory != NULL && mapping->foreign && first < end) {
            put_zeros((void *)(uintptr_t)first, end - first);
        }
    }
}

void gs_channel_retire(struct gs_channel *channel)
{
    bool any_foreign = false;
    struct stat status;

    if (atomic_exchange(&channel->retired, true)) {
        return;
    }
    (void)pthread_mutex_lock(&channel->maps_lock);
    for (unsigned int i = 0; i < channel->maps_room; i++) {
        const struct gs_mapping *mapping = &channel->maps[i];

        any_foreign |= mapping->memory != NULL && mapping->foreign;
        if (mapping->memory != NULL && !mapping->foreign) {
            put_zeros(mapping->memory, mapping->bytes);
        }
    }
    if (any_foreign && fstat(channel->data_fd, &status) == 0) {
        (void)gs_page_scan(status.st_ino, retire_foreign, channel);
    }
    (void)pthread_mutex_unlock(&channel->maps_lock);
}
