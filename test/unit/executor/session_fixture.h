/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SESSION_FIXTURE_H
#define TEST_SESSION_FIXTURE_H

/* A session in a forked child over the fake driver; the test is its broker. */

#include <sys/types.h>

#include "fake_driver.h"
#include "proto/channel.h"
#include "proto/frame_socket.h"
#include "proto/record.h"
#include "vgpu_ops.h"

#define TEST_CHANNEL_BYTES VGPU_CHANNEL_BYTES_MIN

/* ThreadSanitizer ends a program that maps the others. */
#ifdef VGPU_TSAN
#define TEST_CANDIDATE 2u
#else
#define TEST_CANDIDATE 0u
#endif

struct fixture {
    pid_t pid;
    struct vgpu_frame_socket socket;
    int memfd;
    uint8_t *channel;
    uint8_t batch[VGPU_BATCH_BYTES_MAX];
    size_t used;
    uint32_t sequence;
    bool cache;     /* Attach says that there is one */
    bool ledger;    /* Attach says that memory is asked for */
    uint64_t quota; /* device memory that Attach allows; 0: any */
    uint64_t usage; /* what the last Usage said */
};

/* What graphs of sessions started from now on are charged before there is one. */
extern uint64_t fixture_graph_bytes;

/* A new session, not attached.  fixture_end() in every case. */
void fixture_start(struct fixture *f);
void fixture_end(struct fixture *f);

/* An address candidate that is free in this build: sanitizers use some of the ranges. */
#if defined(VGPU_TSAN)
#define FIXTURE_CANDIDATE 2u
#elif defined(VGPU_ASAN)
#define FIXTURE_CANDIDATE 1u
#else
#define FIXTURE_CANDIDATE 0u
#endif

/* Sends Attach for that candidate with a sealed (or not) memfd; the result of Attached. */
int fixture_attach(struct fixture *f, uint32_t candidate, bool sealed);

/* Adds a record to the batch. */
void fixture_add(struct fixture *f, uint32_t op, uint16_t flags, const uint8_t *body, size_t len);

/* Sends the batch. */
void fixture_submit(struct fixture *f);

/* Waits for one answer: its result, its flags, and up to cap bytes of results. */
int fixture_answer(struct fixture *f, uint16_t *flags, void *ret, size_t cap);

/* Waits for a frame of this kind; fails on another, except that Usage is noted and passed over. */
Vgpu__Frame *fixture_frame(struct fixture *f, Vgpu__Frame__KindCase kind);

/* Waits for the session's end: its exit status, or 1000 + signal. */
int fixture_wait(struct fixture *f);

/* Adds a call with its generated arguments. */
#define CALL(f, name, flags, ...)                                                                  \
    do {                                                                                           \
        struct vgpu_args_##name args_ = {__VA_ARGS__};                                             \
        static uint8_t body_[VGPU_RECORD_BYTES_MAX];                                               \
        ssize_t len_ = vgpu_put_args_##name(body_, sizeof(body_), &args_);                         \
        assert_true(len_ >= 0);                                                                    \
        fixture_add((f), VGPU_OP_##name, (flags), body_, (size_t)len_);                            \
    } while (0)

/* The same, sent at once. */
#define SEND(f, name, flags, ...)                                                                  \
    do {                                                                                           \
        CALL(f, name, flags, __VA_ARGS__);                                                         \
        fixture_submit(f);                                                                         \
    } while (0)

#endif
