/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/worker/exit_status.h"
#include "executor/worker/helpers.h"
#include "executor/worker/reservation.h"
#include "executor/worker/session.h"

static struct ex_driver driver;
static struct vgpu_frame_socket worker_socket;
static struct ex_outbox outbox;
static struct ex_session session;
uint64_t fixture_graph_bytes;

static _Noreturn void be_worker(int fd)
{
    struct ex_helpers *helpers;

    vgpu_frame_socket_init(&worker_socket, fd);
    ex_outbox_init(&outbox, &worker_socket);
    helpers = ex_helpers_start(&driver, NULL, 2);
    if (ex_reservation_make() == 0 || ex_reservation_arenas(&driver) == 0 || helpers == NULL ||
        ex_session_init(&session, &driver, 0, &outbox, helpers) < 0) {
        _exit(EX_EXIT_START);
    }
    session.graph_bytes = fixture_graph_bytes;
    _exit(ex_session_serve(&session, &worker_socket) == 0 ? EX_EXIT_PEER : EX_EXIT_BROKEN);
}

void fixture_start(struct fixture *f)
{
    int ends[2];

    memset(f, 0, sizeof(*f));
    fake_driver_new(&driver);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    f->memfd = memfd_create("channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(f->memfd >= 0);
    assert_int_equal(ftruncate(f->memfd, (off_t)TEST_CHANNEL_BYTES), 0);
    f->channel = mmap(NULL, TEST_CHANNEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f->memfd, 0);
    assert_true(f->channel != MAP_FAILED);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        (void)close(ends[0]);
        be_worker(ends[1]);
    }
    (void)close(ends[1]);
    vgpu_frame_socket_init(&f->socket, ends[0]);
}

void fixture_end(struct fixture *f)
{
    vgpu_frame_socket_fini(&f->socket);
    if (f->pid > 0) {
        (void)kill(f->pid, SIGKILL);
        (void)waitpid(f->pid, NULL, 0);
    }
    (void)munmap(f->channel, TEST_CHANNEL_BYTES);
    (void)close(f->memfd);
    (void)munmap(fake, sizeof(*fake));
}

int fixture_attach(struct fixture *f, uint32_t candidate, bool sealed)
{
    Vgpu__Attach attach = VGPU__ATTACH__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (sealed) {
        assert_int_equal(fcntl(f->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    }
    attach.session = 7;
    attach.channel_bytes = TEST_CHANNEL_BYTES;
    attach.candidate = candidate;
    attach.memory_quota = f->quota;
    attach.cache = f->cache;
    attach.ledger = f->ledger;
    frame.kind_case = VGPU__FRAME__KIND_ATTACH;
    frame.attach = &attach;
    assert_int_equal(vgpu_frame_socket_send(&f->socket, &frame, &f->memfd, 1), 0);
    return fixture_frame(f, VGPU__FRAME__KIND_ATTACHED)->attached->result;
}

void fixture_add(struct fixture *f, uint32_t op, uint16_t flags, const uint8_t *body, size_t len)
{
    struct vgpu_record record = {
        .op = op,
        .length = vgpu_record_length(len),
        .sequence = ++f->sequence,
        .lane = 3,
        .flags = flags,
    };

    assert_true(record.length <= sizeof(f->batch) - f->used);
    memset(f->batch + f->used, 0, record.length);
    memcpy(f->batch + f->used, &record, sizeof(record));
    if (len > 0) {
        memcpy(f->batch + f->used + sizeof(record), body, len);
    }
    f->used += record.length;
}

void fixture_submit(struct fixture *f)
{
    Vgpu__Submit submit = VGPU__SUBMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    submit.records.data = f->batch;
    submit.records.len = f->used;
    frame.kind_case = VGPU__FRAME__KIND_SUBMIT;
    frame.submit = &submit;
    f->used = 0;
    assert_int_equal(vgpu_frame_socket_send(&f->socket, &frame, NULL, 0), 0);
}

Vgpu__Frame *fixture_frame(struct fixture *f, Vgpu__Frame__KindCase kind)
{
    Vgpu__Frame *frame = NULL;

    do {
        assert_int_equal(vgpu_frame_socket_receive(&f->socket, &frame), 0);
        if (frame->kind_case == VGPU__FRAME__KIND_USAGE) {
            f->usage = frame->usage->memory_used;
        }
    } while (frame->kind_case == VGPU__FRAME__KIND_USAGE);
    assert_string_equal(vgpu_frame_name(frame->kind_case), vgpu_frame_name(kind));
    return frame;
}

int fixture_answer(struct fixture *f, uint16_t *flags, void *ret, size_t cap)
{
    const Vgpu__Complete *complete = fixture_frame(f, VGPU__FRAME__KIND_COMPLETE)->complete;
    struct vgpu_record record;
    struct vgpu_answer answer;
    size_t rest;

    assert_int_equal(vgpu_record_peek(complete->records.data, complete->records.len, &record),
                     complete->records.len);
    assert_int_equal(record.sequence, f->sequence);
    assert_int_equal(record.lane, 3);
    memcpy(&answer, complete->records.data + sizeof(record), sizeof(answer));
    rest = record.length - sizeof(record) - sizeof(answer);
    if (ret != NULL) {
        memcpy(ret, complete->records.data + sizeof(record) + sizeof(answer),
               rest < cap ? rest : cap);
    }
    if (flags != NULL) {
        *flags = record.flags;
    }
    return answer.result;
}

int fixture_wait(struct fixture *f)
{
    int status = 0;

    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
