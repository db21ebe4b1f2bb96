/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_control.h"

#include <stdio.h>
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
