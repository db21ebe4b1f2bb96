/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_OBSTACLE_H
#define GS_OBSTACLE_H

/* Why there is no channel: for a program that decides, and for the person who must act. */

#include <stdint.h>

/* The numbers are exit statuses of vgpu-info(1) and stay as they are; 2 is a bad command line. */
enum gs_obstacle_kind {
    GS_OBSTACLE_NONE = 0,
    GS_OBSTACLE_SYSTEM = 1,     /* memory, descriptors, threads */
    GS_OBSTACLE_ABSENT = 3,     /* neither a device nor a broker's socket */
    GS_OBSTACLE_PERMISSION = 4, /* a file that this user may not open */
    GS_OBSTACLE_DECODING = 5,   /* the device's memory is switched off */
    GS_OBSTACLE_LOCKDOWN = 6,   /* the kernel lets nobody map devices */
    GS_OBSTACLE_CLAIMED = 7,    /* another driver has the device */
    GS_OBSTACLE_FOREIGN = 8,    /* not this device, or a revision that is not known here */
    GS_OBSTACLE_LINK = 9,       /* the host's broker is not there */
    GS_OBSTACLE_REFUSED = 10,   /* it is there and says no */
    GS_OBSTACLE_FULL = 11,      /* every channel is in use */
    GS_OBSTACLE_PROTOCOL = 12,  /* another version, or an answer that cannot be trusted */
};

#define GS_OBSTACLE_TEXT 400

struct gs_obstacle {
    enum gs_obstacle_kind kind;
    int32_t result;              /* the host's CUresult when it refused, else 0 */
    char text[GS_OBSTACLE_TEXT]; /* one line without its end: the cause, and what to do */
};

/* Fills all but the result and returns `rc`.  Any thread. */
__attribute__((format(printf, 4, 5))) int gs_obstacle_set(struct gs_obstacle *obstacle,
                                                          enum gs_obstacle_kind kind, int rc,
                                                          const char *fmt, ...);

#endif
