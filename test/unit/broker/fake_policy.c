/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_policy.h"

#include <string.h>

#include "common/fd.h"

static struct stage stage;

const uint8_t *stage_uuid(int gpu)
{
    static uint8_t uuid[STAGE_GPUS][16];

    memset(uuid[gpu], gpu + 1, sizeof(uuid[gpu]));
    return uuid[gpu];
}

int stage_setup(void **state)
{
    static const char *const names[STAGE_VMS] = {"alpha", "beta"};
    struct stage *s = &stage;

    memset(s, 0, sizeof(*s));
    for (int i = 0; i < STAGE_GUESTS; i++) {
        s->worker[i].socket.fd = -1;
    }
    fake_settings(&s->fake.settings);
    s->fake.settings.sessions_max = 8;
    fake_start(&s->fake);
    for (int i = 0; i < STAGE_VMS; i++) {
        s->vm[i] = br_broker_add_vm(s->fake.broker, names[i]);
        assert_non_null(s->vm[i]);
        fake_device_open(&s->fake, s->vm[i], &s->device[i]);
    }
    for (int i = 0; i < STAGE_GPUS; i++) {
        fake_gpu_open(&s->fake, &s->gpu[i], (uint8_t)(i + 1));
        (void)fake_expect(&s->gpu[i], VGPU__FRAME__KIND_REGISTERED);
        s->fake.broker->slots[i].gpu->facts->total_memory = 1000 * MIB;
    }
    *state = s;
    return 0;
}

int stage_teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    for (int i = 0; i < STAGE_GUESTS; i++) {
        fake_guest_close(&s->guest[i]);
        fake_peer_close(&s->worker[i]);
    }
    for (int i = 0; i < STAGE_VMS; i++) {
        fake_peer_close(&s->device[i]);
    }
    for (int i = 0; i < STAGE_GPUS; i++) {
        fake_peer_close(&s->gpu[i]);
    }
    return 0;
}

const Vgpu__Frame *stage_greet(struct stage *s, int vm, int guest)
{
    struct fake_guest *g = &s->guest[guest];
    uint32_t size;
    Vgpu__Frame *frame;

    fake_vm_guest_open(&s->fake, &s->device[vm], s->channels++ % FAKE_CHANNELS, 1, g);
    fake_guest_hello(g);
    fake_pump(&s->fake);
    assert_true(fake_guest_next(g));
    memcpy(&size, g->body, sizeof(size));
    assert_int_equal(vgpu_frame_unpack(&g->arena, g->body + 4, size, &frame), 0);
    return frame;
}

static void ask_for(struct fake_guest *guest, uint32_t ordinal)
{
    Vgpu__Open open = VGPU__OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    open.ordinal = ordinal;
    frame.kind_case = VGPU__FRAME__KIND_OPEN;
    frame.open = &open;
    fake_guest_frame(guest, &frame);
}

static uint32_t ordinal_of(const Vgpu__Frame *frame, int gpu)
{
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_WELCOME);
    for (uint32_t i = 0; i < frame->welcome->n_devices; i++) {
        if (memcmp(frame->welcome->devices[i]->uuid.data, stage_uuid(gpu), 16) == 0) {
            return i;
        }
    }
    fail_msg("the GPU is not in Welcome");
    return 0;
}

void stage_open(struct stage *s, int vm, int guest, int gpu, bool *ledger)
{
    struct fake_peer *worker = &s->worker[guest];
    const Vgpu__Attach *attach;
    int memfd;

    uint32_t ordinal = ordinal_of(stage_greet(s, vm, guest), gpu);

    fake_worker_ready(&s->fake, &s->gpu[gpu], worker, (uint32_t)guest + 1);
    ask_for(&s->guest[guest], ordinal);
    fake_pump(&s->fake);
    (void)fake_expect(&s->gpu[gpu], VGPU__FRAME__KIND_WORKER_TAKEN);
    attach = fake_expect(worker, VGPU__FRAME__KIND_ATTACH)->attach;
    if (ledger != NULL) {
        *ledger = attach->ledger;
    }
    memfd = vgpu_frame_socket_take_fd(&worker->socket);
    vgpu_fd_close(&memfd);
    fake_attached(worker, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest[guest], VGPU__FRAME__KIND_OPENED);
}

void stage_reap(struct stage *s, int guest, int gpu)
{
    fake_peer_close(&s->worker[guest]);
    fake_worker_gone(&s->gpu[gpu], (uint32_t)guest + 1);
    fake_pump(&s->fake);
    s->worker[guest].socket.fd = -1;
}

void stage_set(struct stage *s, int vm, const struct br_policy *policy)
{
    char why[256] = "";
    int rc = br_vm_set_policy(s->vm[vm], policy, why, sizeof(why));

    assert_string_equal(why, "");
    assert_int_equal(rc, 0);
    fake_pump(&s->fake);
}

void stage_pool(struct stage *s, const char *name, int gpu)
{
    uint8_t uuid[1][16];

    memcpy(uuid[0], stage_uuid(gpu), sizeof(uuid[0]));
    assert_null(br_pool_set(&s->fake.broker->pools, name, (const uint8_t(*)[16])uuid, 1, NULL));
}
