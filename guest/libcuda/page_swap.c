/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/page_swap.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "guest/libcuda/log.h"
#include "guest/libcuda/page_map.h"
#include "guest/libcuda/write_hold.h"
#include "guest/transport/transport.h"

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static void *private_pages(uint64_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return pages != MAP_FAILED ? pages : NULL;
}

/* Moves pages over others, which no thread ever finds missing, unless that fails. */
static bool replace(void *to, void *from, uint64_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

    if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) {
        return true;
    }
    /* Without memory of its own the system may have failed when the old ones were gone. */
    if (mmap(to, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == to) {
        gs_write_hold_copy(to, from, bytes);
    }
    return false;
}

static void say_memory(void)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said)) {
        gs_log("cuMemHostRegister takes private memory that can be read and written, and no page "
               "twice: memory of files, shared memory and stacks are refused; cuMemHostAlloc "
               "serves instead");
    }
}

static void say_threads(void)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said)) {
        gs_log("cuMemHostRegister needs userfaultfd in a program of several threads: allow that "
               "system call, or allocate with cuMemHostAlloc");
    }
}

/* With the channel frozen.  CUDA_ERROR_NOT_SUPPORTED: other threads may write. */
static CUresult take_place(struct gs_channel *channel, void *pages, uint64_t address,
                           uint64_t bytes)
{
    int hold = gs_write_hold(address, bytes, false);
    bool moved;

    if (hold < 0 && !gs_page_map_is_alone(channel)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    gs_write_hold_copy(pages, at(address), bytes);
    moved = replace(at(address), pages, bytes);
    gs_write_release(hold);
    if (!moved) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_channel_rename(channel, pages, at(address));
    return CUDA_SUCCESS;
}

CUresult gs_page_swap_in(struct gs_channel *channel, uint64_t address, uint64_t bytes,
                         uint64_t offset)
{
    void *pages;
    CUresult cu;

    if (!gs_page_map_is_private(address, bytes)) {
        say_memory();
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    pages = gs_channel_map_inherited(channel, offset, bytes);
    if (pages == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_channel_freeze(channel);
    cu = take_place(channel, pages, address, bytes);
    gs_channel_thaw(channel);
    if (cu == CUDA_ERROR_NOT_SUPPORTED) {
        say_threads();
    }
    if (cu != CUDA_SUCCESS) {
        gs_channel_unmap(channel, pages);
    }
    return cu;
}

/* With the channel frozen. */
static bool give_place(struct gs_channel *channel, void *pages, uint64_t address, uint64_t bytes,
                       bool shared)
{
    int hold = gs_write_hold(address, bytes, true);
    bool moved = false;

    /* A thread that writes to what is being given up would race with the call itself. */
    if (hold >= 0 || !shared || gs_page_map_is_alone(channel)) {
        gs_write_hold_copy(pages, at(address), bytes);
        moved = replace(at(address), pages, bytes);
    }
    gs_write_release(hold);
    if (moved) {
        gs_channel_rename(channel, at(address), NULL);
    }
    return moved;
}

/* The program has unmapped them. */
static void forget(struct gs_channel *channel, uint64_t address)
{
    gs_channel_freeze(channel);
    gs_channel_rename(channel, at(address), NULL);
    gs_channel_thaw(channel);
}

bool gs_page_swap_out(struct gs_channel *channel, uint64_t address, uint64_t bytes, bool shared)
{
    int64_t ours = gs_page_map_channel_bytes(channel, address, bytes);
    void *pages;
    bool back;

    if (ours == 0) {
        forget(channel, address);
        return true;
    }
    pages = ours == (int64_t)bytes ? private_pages(bytes) : NULL;
    if (pages == NULL) {
        return false;
    }
    gs_channel_freeze(channel);
    back = give_place(channel, pages, address, bytes, shared);
    gs_channel_thaw(channel);
    if (!back) {
        (void)munmap(pages, bytes);
    }
    return back;
}

void gs_page_swap_in_child(const struct gs_channel *channel, uint64_t address, uint64_t bytes,
                           uint64_t offset)
{
    bool done = false;
    void *copy;
    void *pages;

    if (atomic_load(&channel->retired)) {
        return; /* ordinary memory by now, which fork has copied */
    }
    copy = private_pages(bytes);
    pages = mmap(NULL, bytes, PROT_READ, MAP_SHARED, channel->data_fd,
                 (off_t)(channel->memory_offset + offset));
    if (copy != NULL && pages != MAP_FAILED) {
        gs_write_hold_copy(copy, pages, bytes);
        done = mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at(address)) != MAP_FAILED;
    }
    /* It must not write where the parent and the device read. */
    if (!done) {
        (void)mmap(at(address), bytes, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    }
    if (pages != MAP_FAILED) {
        (void)munmap(pages, bytes);
    }
}
