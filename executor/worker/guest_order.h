/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_GUEST_ORDER_H
#define EX_GUEST_ORDER_H

/*
 * What a guest asks may follow from what it was told: it reuses a place of the window when the
 * answer that spoke of it is there.  ThreadSanitizer sees no order that goes through another
 * process, so it is told.  Nothing in other builds.  `guest` is the socket of its pipe.  Any
 * thread.
 */

#ifdef VGPU_TSAN
#include <sanitizer/tsan_interface.h>
#endif

struct vgpu_frame_socket;

/* Before it is told something. */
static inline void ex_guest_is_told(struct vgpu_frame_socket *guest)
{
#ifdef VGPU_TSAN
    __tsan_release(guest);
#else
    (void)guest;
#endif
}

/* When something was received. */
static inline void ex_guest_has_asked(struct vgpu_frame_socket *guest)
{
#ifdef VGPU_TSAN
    __tsan_acquire(guest);
#else
    (void)guest;
#endif
}

#endif
