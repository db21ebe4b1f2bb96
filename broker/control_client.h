/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_CLIENT_H
#define BR_CONTROL_CLIENT_H

/*
 * One connection on the control socket.
 *
 *   CtlHello ─► CtlWelcome;  CtlAsk ─► rows, piece by piece ─► CtlEnd;  command ─► CtlEnd
 *
 * While an answer is under way, or something waits to be read by the client, nothing more
 * is taken from it (but a trace ends only with the client, so there any frame is misuse): answers
 * come in the order of the questions, and the buffer never holds more than one piece and what is
 * said beside it.  A client that leaves that unread for BR_CONTROL_STALL_MS loses its connection.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/control_phase.h"
#include "broker/control_trace.h"
#include "broker/link.h"
#include "broker/roster.h"

struct br_control;

#define BR_CONTROL_STALL_MS 10000u
/* What a client may leave unread: a piece, and the ends of the answers of some turns. */
#define BR_CONTROL_BUFFER 65536u

/* The question that is being answered. */
struct br_control_ask {
    uint32_t id;
    uint32_t what;               /* 0: none */
    char vm[BR_VM_NAME_MAX + 1]; /* "": all */
    uint64_t cursor;             /* id of the row sent last; ids only grow */
    bool ended;                  /* the rows are out, CtlEnd is due */
    int error;                   /* of CtlEnd, an errno */
    char text[160];
};

struct br_control_client {
    TAILQ_ENTRY(br_control_client) entry;
    TAILQ_ENTRY(br_control_client) busy_entry; /* while is_busy */
    struct br_control *control;
    enum br_control_phase phase;
    bool is_busy;
    struct br_link link;
    uv_timer_t timer; /* greeting; then: something lies unread */
    pid_t pid;
    uid_t uid;
    char program[40]; /* escaped, for logs */
    struct br_control_ask ask;
    bool begun;             /* HostBegin, no HostCommit yet */
    struct br_trace *trace; /* while the ask is for one; owned */
};

TAILQ_HEAD(br_control_list, br_control_client);

/* Starts a conversation on `fd`, which it takes.  0, or -errno and `fd` is closed. */
int br_control_client_new(struct br_control *control, int fd, pid_t pid, uid_t uid);

/* Sends the next piece of the answer under way; for br_control_turn(). */
void br_control_client_turn(struct br_control_client *client);

/* Sends a frame.  0, or -errno and the connection is ended: a client that does not read. */
int br_control_client_send(struct br_control_client *client, const Vgpu__Frame *frame);

/* Its trace has rows: it gets its turn. */
void br_control_client_wake(struct br_control_client *client);

/* Sends CtlEnd: `error` is 0 or an errno, `text` what is wrong and what to do. */
void br_control_client_reply(struct br_control_client *client, uint32_t id, int error,
                             const char *text);

/* Ends the connection; it is freed when the loop is through with it. */
void br_control_client_end(struct br_control_client *client, const char *why);

#endif
