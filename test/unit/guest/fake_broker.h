/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_FAKE_BROKER_H
#define VGPU_TEST_FAKE_BROKER_H

/*
 * A broker and a worker in threads of the test: grants channels on a socket in a
 * temporary folder, or with $VGPU_TEST_TRANSPORT=device through a fake device, answers control
 * frames, and answers or counts call records as the cheapest worker would.  Device memory is not
 * there; fences pass at once unless held back.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/limits.h"
#include "proto/record.h"

#define FAKE_CHANNELS 4

struct fake_broker;
struct fake_device;

struct fake_channel {
    struct fake_broker *broker;
    uint32_t number;
    int socket;
    int memory_fd;
    int doorbell;
    int interrupt;
    uint8_t *base;
    bool adopted; /* its memory belongs to the fake device */
    _Atomic bool stop;
    _Atomic uint64_t records; /* call records taken */
};

/* Set before fake_broker_start(), or atomically while it runs. */
struct fake_broker {
    _Atomic int32_t refuse;       /* instead of a grant, when not 0 */
    _Atomic int32_t refuse_hello; /* instead of Welcome */
    _Atomic int32_t refuse_open;
    bool bad_seals; /* a channel that could shrink */
    bool bad_size;  /* grants another size than the memory has */
    bool bad_protocol;
    uint32_t devices;    /* in Welcome; 0: one */
    bool reversed;       /* their PCI addresses fall */
    const char *release; /* of the driver; NULL: not said */
    uint32_t processes;  /* in Surveyed: 100, 101, ... with 1, 2, ... KiB each on device 0 */
    bool bad_survey;     /* lists of different lengths */
    _Atomic uint32_t surveys;
    _Atomic bool hold; /* takes nothing out of the submission rings */
    _Atomic bool hold_fences;
    _Atomic bool prints;    /* modules that are loaded from now on */
    _Atomic int32_t result; /* of every call that is answered */
    _Atomic uint32_t last_op;
    _Atomic uint32_t opens;
    _Atomic uint32_t closes;

    struct fake_device *device; /* NULL: channels come by the socket */
    char folder[64];
    char path[96];
    int listener;
    _Atomic bool stop;
    unsigned long thread;
    unsigned long threads[FAKE_CHANNELS];
    struct fake_channel channels[FAKE_CHANNELS];
    _Atomic uint32_t count;
};

/* Listens and points $VGPU_SOCKET there, or starts a device and points $VGPU_SYSFS there. */
void fake_broker_start(struct fake_broker *broker);

/* Closes everything, as a broker that dies. */
void fake_broker_stop(struct fake_broker *broker);

/* Rings the interrupt of a channel whether the guest sleeps or not. */
void fake_channel_interrupt(struct fake_channel *channel);

/* Sets the error word and wakes the guest. */
void fake_channel_fail(struct fake_channel *channel, uint32_t cu);

/* The end of the host: closes the socket, or takes the device's link down, and no more. */
void fake_channel_hang_up(struct fake_channel *channel);

/* Puts bytes into the completion ring as they are; the channel's thread must be idle. */
void fake_channel_inject(struct fake_channel *channel, const void *bytes, size_t len);

/* Sees what the broker's threads did before the channels that the test knows of were there: for
 * ThreadSanitizer, to which memory that is mapped twice is two memories. */
void fake_broker_settle(struct fake_broker *broker);

/* For the fake device: serves a channel in its memory and returns its number; rings its doorbell;
 * takes its interrupt; ends the service. */
uint32_t fake_broker_adopt(struct fake_broker *broker, uint8_t *base);
void fake_channel_ring(struct fake_channel *channel);
bool fake_channel_interrupted(struct fake_channel *channel);
void fake_channel_end(struct fake_channel *channel);

/* fake_worker.c: the results of a call into `body` behind the CUresult; their length.  *cu is 0
 * before. */
size_t fake_worker_answer(struct fake_channel *channel, const struct vgpu_record *record,
                          const uint8_t *args, size_t len, uint8_t *body, size_t cap, int32_t *cu);

/* Runs `fn` in a child process whose library is fresh; its failed assertions fail the test. */
void fake_run_in_child(void (*fn)(void));

/* For use there: ends the child with a message. */
#define CHILD_CHECK(condition) fake_child_check((condition), #condition, __FILE__, __LINE__)
void fake_child_check(bool holds, const char *text, const char *file, int line);

#endif
