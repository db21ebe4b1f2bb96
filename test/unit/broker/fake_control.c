/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_control.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fake_control_connect(struct fake *fake, struct fake_peer *client, uid_t uid)
{
    int theirs;

    vgpu_frame_socket_init(&client->socket, fake_pair(&theirs));
    br_control_connect(&fake->broker->control, theirs, getpid(), uid);
}

void fake_control_hello(struct fake_peer *client, uint32_t role)
{
    Vgpu__CtlHello hello = VGPU__CTL_HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "a tool";

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.role = role;
    hello.program = program;
    frame.kind_case = VGPU__FRAME__KIND_CTL_HELLO;
    frame.ctl_hello = &hello;
    fake_send(client, &frame);
}

void fake_control_open(struct fake *fake, struct fake_peer *client, uint32_t role)
{
    const Vgpu__CtlWelcome *welcome;

    fake_control_connect(fake, client, geteuid());
    fake_control_hello(client, role);
    fake_pump(fake);
    welcome = fake_expect(client, VGPU__FRAME__KIND_CTL_WELCOME)->ctl_welcome;
    assert_int_equal(welcome->protocol, VGPU_PROTOCOL_VERSION);
    assert_string_equal(welcome->program, "vgpu-broker");
    assert_string_equal(welcome->version, VGPU_VERSION);
    assert_int_equal(welcome->pid, getpid());
}

void fake_control_ask(struct fake_peer *client, uint32_t id, uint32_t what, const char *vm)
{
    Vgpu__CtlAsk ask = VGPU__CTL_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[128];

    (void)snprintf(name, sizeof(name), "%s", vm);
    ask.id = id;
    ask.what = what;
    ask.vm = name;
    frame.kind_case = VGPU__FRAME__KIND_CTL_ASK;
    frame.ctl_ask = &ask;
    fake_send(client, &frame);
}

const char *fake_control_expect_end(struct fake_peer *client, uint32_t id, uint32_t error)
{
    const Vgpu__CtlEnd *end = fake_expect(client, VGPU__FRAME__KIND_CTL_END)->ctl_end;

    assert_int_equal(end->id, id);
    assert_int_equal(end->error, error);
    return end->text;
}

/* ---- commands --------------------------------------------------------------- */

uint32_t fake_control_command(struct fake *fake, struct fake_peer *host, const Vgpu__Frame *frame,
                              const int *fds, unsigned int count, const char **text)
{
    Vgpu__Frame *answer;

    assert_int_equal(vgpu_frame_socket_send(&host->socket, frame, fds, count), 0);
    fake_pump(fake);
    do {
        assert_int_equal(vgpu_frame_socket_receive(&host->socket, &answer), 0);
    } while (answer->kind_case == VGPU__FRAME__KIND_VM_PEER);
    assert_int_equal(answer->kind_case, VGPU__FRAME__KIND_CTL_END);
    if (text != NULL) {
        *text = answer->ctl_end->text;
    }
    return answer->ctl_end->error;
}

void fake_vm_set_init(Vgpu__VmSet *set, uint32_t id, char *name)
{
    vgpu__vm_set__init(set);
    set->id = id;
    set->name = name;
}

uint32_t fake_vm_set(struct fake *fake, struct fake_peer *host, const Vgpu__VmSet *set,
                     const int *fds, unsigned int count, const char **text)
{
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    Vgpu__VmSet copy = *set;

    frame.kind_case = VGPU__FRAME__KIND_VM_SET;
    frame.vm_set = &copy;
    return fake_control_command(fake, host, &frame, fds, count, text);
}

uint32_t fake_vm_remove(struct fake *fake, struct fake_peer *host, const char *name)
{
    Vgpu__VmRemove remove = VGPU__VM_REMOVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[128];

    (void)snprintf(text, sizeof(text), "%s", name);
    remove.name = text;
    frame.kind_case = VGPU__FRAME__KIND_VM_REMOVE;
    frame.vm_remove = &remove;
    return fake_control_command(fake, host, &frame, NULL, 0, NULL);
}

uint32_t fake_host_begin(struct fake *fake, struct fake_peer *host)
{
    Vgpu__HostBegin begin = VGPU__HOST_BEGIN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_HOST_BEGIN;
    frame.host_begin = &begin;
    return fake_control_command(fake, host, &frame, NULL, 0, NULL);
}

uint32_t fake_host_commit(struct fake *fake, struct fake_peer *host)
{
    Vgpu__HostCommit commit = VGPU__HOST_COMMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_HOST_COMMIT;
    frame.host_commit = &commit;
    return fake_control_command(fake, host, &frame, NULL, 0, NULL);
}

uint32_t fake_pool_set(struct fake *fake, struct fake_peer *host, const char *name, size_t count)
{
    Vgpu__PoolSet set = VGPU__POOL_SET__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    ProtobufCBinaryData list[VGPU_DEVICES_MAX + 1];
    uint8_t uuid[VGPU_DEVICES_MAX + 1][16];
    char text[128];

    (void)snprintf(text, sizeof(text), "%s", name);
    for (size_t i = 0; i < count; i++) {
        memset(uuid[i], (int)i + 1, sizeof(uuid[i]));
        list[i] = (ProtobufCBinaryData){.len = sizeof(uuid[i]), .data = uuid[i]};
    }
    set.name = text;
    set.n_uuid = count;
    set.uuid = list;
    frame.kind_case = VGPU__FRAME__KIND_POOL_SET;
    frame.pool_set = &set;
    return fake_control_command(fake, host, &frame, NULL, 0, NULL);
}
