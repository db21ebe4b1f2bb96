/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_BROKER_FAKE_H
#define TEST_BROKER_FAKE_H

/*
 * A broker on a loop of the test's own, and its peers by hand: guests, supervisors and
 * workers that say exactly what the test wants.  Nothing runs unless fake_pump() is
 * called, so every test is deterministic.  Failures are cmocka assertions.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/broker.h"
#include "proto/channel.h"
#include "proto/frame_socket.h"
#include "proto/record.h"

/* An operation that no table has. */
#define FAKE_OP 0xfedcba98u

struct fake {
    uv_loop_t loop;
    struct br_settings settings;
    struct br_broker *broker;
};

struct fake_guest {
    struct vgpu_frame_socket socket;
    int memfd;
    int doorbell;
    int interrupt;
    uint8_t *base;
    uint64_t bytes;
    struct vgpu_ring submit;
    struct vgpu_ring complete;
    uint32_t sequence;
    struct vgpu_arena arena;
    struct vgpu_record record; /* read last */
    uint8_t body[VGPU_RECORD_BYTES_MAX];
};

struct fake_peer {
    struct vgpu_frame_socket socket;
    uint32_t id; /* of a worker */
};

/* Small and quick settings: 16 MiB channels, no spinning, four sessions. */
void fake_settings(struct br_settings *settings);

/* Starts a broker with fake->settings (fake_settings() first). */
void fake_start(struct fake *fake);

/* fake_settings() and fake_start(). */
void fake_init(struct fake *fake);

/* Stops the broker; everything must be gone afterwards. */
void fake_fini(struct fake *fake);

/* Turns of the loop until nothing more happens by itself. */
void fake_pump(struct fake *fake);

/* Runs the loop until the broker has noticed that nothing happens: a second or two. */
void fake_rest(struct fake *fake);

/* One side of a connection, close-on-exec; the other goes to *theirs. */
int fake_pair(int *theirs);

/* A guest that has its channel mapped. */
void fake_guest_open(struct fake *fake, struct fake_guest *guest);
void fake_guest_close(struct fake_guest *guest);

/* Publishes bytes in the submission ring, rings if asked to.  False: they do not fit. */
bool fake_guest_put(struct fake_guest *guest, const void *bytes, size_t len);

/* A call record with `body` zero bytes; false as above. */
bool fake_guest_call(struct fake_guest *guest, uint32_t op, size_t body);

/* A control frame. */
void fake_guest_frame(struct fake_guest *guest, const Vgpu__Frame *frame);
void fake_guest_hello(struct fake_guest *guest);
void fake_guest_ask(struct fake_guest *guest,
                    Vgpu__Frame__KindCase kind); /* Open 0, Close or Survey */

/* The next record of the completion ring, to guest->record and guest->body.  False: none. */
bool fake_guest_next(struct fake_guest *guest);

/* The next record must be a control frame of this kind; valid until the next. */
Vgpu__Frame *fake_guest_expect(struct fake_guest *guest, Vgpu__Frame__KindCase kind);

/* The error word. */
uint32_t fake_guest_error(struct fake_guest *guest);

/* The broker has closed the socket. */
bool fake_is_shut(struct vgpu_frame_socket *socket);

/* True when the interrupt was rung; takes it. */
bool fake_guest_interrupted(struct fake_guest *guest);

/* A registered supervisor; `uuid` fills its GPU's uuid. */
void fake_gpu_open(struct fake *fake, struct fake_peer *gpu, uint8_t uuid);

/* Announces a spare and connects it. */
void fake_worker_ready(struct fake *fake, struct fake_peer *gpu, struct fake_peer *worker,
                       uint32_t id);
void fake_peer_close(struct fake_peer *peer);

void fake_send(struct fake_peer *peer, const Vgpu__Frame *frame);

/* The next frame must be of this kind; valid until the next. */
Vgpu__Frame *fake_expect(struct fake_peer *peer, Vgpu__Frame__KindCase kind);

/* The next frame that is there, or NULL. */
Vgpu__Frame *fake_next(struct fake_peer *peer);

/* No frame is there. */
void fake_expect_none(struct fake_peer *peer);

/* Frames of supervisor and worker. */
void fake_worker_gone(struct fake_peer *gpu, uint32_t id);
void fake_attached(struct fake_peer *worker, int32_t result);
void fake_complete(struct fake_peer *worker, const void *records, size_t len);
void fake_wake(struct fake_peer *worker);
void fake_fatal(struct fake_peer *worker, int32_t result);

/* An answer record of `body` bytes behind the result. */
size_t fake_answer(uint8_t *out, uint32_t sequence, size_t body);

/* Guest, GPU and worker up to phase open. */
void fake_open_session(struct fake *fake, struct fake_peer *gpu, struct fake_peer *worker,
                       struct fake_guest *guest);

/* Resident anonymous memory of this process in KiB. */
size_t fake_rss_anon_kib(void);

#endif
