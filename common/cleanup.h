/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_CLEANUP_H
#define VGPU_COMMON_CLEANUP_H

/*
 * Variables that release what they hold at the end of their scope:
 *
 *     VGPU_CLEANUP_FD int fd = -1;
 *     VGPU_CLEANUP_FREE char *text = NULL;
 *     VGPU_CLEANUP_FILE FILE *file = NULL;
 *
 * Always initialise them.  To hand the thing over, take it out with
 * vgpu_steal_fd() or vgpu_steal_ptr().
 */

#include <stdio.h>
#include <stdlib.h>

#include "common/fd.h"

#define VGPU_CLEANUP_FD   __attribute__((cleanup(vgpu_cleanup_fd)))
#define VGPU_CLEANUP_FREE __attribute__((cleanup(vgpu_cleanup_free)))
#define VGPU_CLEANUP_FILE __attribute__((cleanup(vgpu_cleanup_file)))

/* Returns the descriptor and leaves -1: the caller owns it now. */
static inline int vgpu_steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Returns the pointer and leaves NULL: the caller owns what it points to. */
#define vgpu_steal_ptr(pointer)                                                                    \
    __extension__({                                                                                \
        __typeof__(pointer) vgpu_taken_ = (pointer);                                               \
        (pointer) = NULL;                                                                          \
        vgpu_taken_;                                                                               \
    })

static inline void vgpu_cleanup_fd(int *fd)
{
    vgpu_fd_close(fd);
}

/* `where` points to the pointer variable, whatever its type. */
static inline void vgpu_cleanup_free(void *where)
{
    void *held;

    __builtin_memcpy(&held, where, sizeof(held));
    free(held);
}

static inline void vgpu_cleanup_file(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
        *file = NULL;
    }
}

#endif
