/* SPDX-License-Identifier: Apache-2.0 */
/* What vgpu-hostd commands: machines that come, change and go while the broker runs. */
#include "fake_control.h"
#include "fake_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"

struct stage {
    struct fake fake;
    struct fake_peer host;
    char folder[32];
    struct sockaddr_un address;
    int listener;
};

static struct stage stage;

static int listen_at(struct stage *s)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)unlink(s->address.sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&s->address, sizeof(s->address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int setup(void **state)
{
    struct stage *s = &stage;

    memset(s, 0, sizeof(*s));
    fake_init(&s->fake);
    assert_non_null(br_broker_add_vm(s->fake.broker, "ours"));
    fake_control_open(&s->fake, &s->host, VGPU_CTL_HOST);
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/vgpu-control-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->address.sun_family = AF_UNIX;
    memcpy(s->address.sun_path, s->folder, strlen(s->folder));
    memcpy(s->address.sun_path + strlen(s->folder), "/vm.sock", sizeof("/vm.sock"));
    s->listener = listen_at(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_fini(&s->fake);
    fake_peer_close(&s->host);
    vgpu_fd_close(&s->listener);
    (void)unlink(s->address.sun_path);
    (void)rmdir(s->folder);
    return 0;
}

/* A machine "alpha" whose socket the broker has. */
static struct br_vm *set_alpha(struct stage *s)
{
    char name[] = "alpha";
    Vgpu__VmSet set;

    fake_vm_set_init(&set, 1, name);
    set.socket = s->address.sun_path;
    set.listener = true;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, &s->listener, 1, NULL), 0);
    return br_broker_find_vm(s->fake.broker, "alpha");
}

/* A device connects where QEMU would; the broker has it after fake_pump(). */
static int try_connect(struct stage *s, struct fake_peer *device)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address));

    if (rc != 0) {
        vgpu_fd_close(&fd);
        return -1;
    }
    vgpu_frame_socket_init(&device->socket, fd);
    fake_pump(&s->fake);
    return 0;
}

static void expect_peer(struct stage *s, uint32_t pid)
{
    const Vgpu__VmPeer *peer;

    fake_pump(&s->fake);
    peer = fake_expect(&s->host, VGPU__FRAME__KIND_VM_PEER)->vm_peer;
    assert_string_equal(peer->name, "alpha");
    assert_int_equal(peer->pid, pid);
    assert_int_equal(peer->uid, pid != 0 ? geteuid() : 0);
}

static void welcome(struct stage *s, struct fake_peer *device)
{
    Vgpu__DeviceHello hello;

    fake_hello_init(&hello);
    fake_device_hello(device, &hello);
    fake_pump(&s->fake);
    (void)fake_expect(device, VGPU__FRAME__KIND_DEVICE_WELCOME);
}

static uint32_t identify(struct stage *s, uint32_t pid, uint32_t verdict)
{
    Vgpu__VmIdentity identity = VGPU__VM_IDENTITY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char name[] = "alpha";
    char text[] = "scope vm-1";

    identity.name = name;
    identity.pid = pid;
    identity.verdict = verdict;
    identity.text = text;
    frame.kind_case = VGPU__FRAME__KIND_VM_IDENTITY;
    frame.vm_identity = &identity;
    return fake_control_command(&s->fake, &s->host, &frame, NULL, 0, NULL);
}

static void test_a_machine_comes_and_goes(void **state)
{
    struct stage *s = *state;
    struct br_vm *vm = set_alpha(s);
    struct fake_peer device;

    assert_true(vm->from_hostd);
    assert_string_equal(vm->socket, s->address.sun_path);
    assert_int_equal(try_connect(s, &device), 0);
    expect_peer(s, (uint32_t)getpid());
    welcome(s, &device);
    assert_string_equal(vm->identity, "socket only");
    assert_int_equal(identify(s, (uint32_t)getpid(), VGPU_CTL_VERIFIED), 0);
    assert_string_equal(vm->identity, "verified (scope vm-1)");
    assert_int_equal(identify(s, 1, VGPU_CTL_ANOTHERS), ESRCH);
    assert_int_equal(identify(s, (uint32_t)getpid(), 3), EINVAL);
    assert_int_equal(vm->phase, BR_VM_UP);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "alpha"), 0);
    assert_null(br_broker_find_vm(s->fake.broker, "alpha"));
    assert_true(fake_is_shut(&device.socket));
    assert_true(TAILQ_EMPTY(&s->fake.broker->dead_vms));
    fake_peer_close(&device);
    vgpu_fd_close(&s->listener);
    assert_int_equal(try_connect(s, &device), -1);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "alpha"), ENOENT);
}

static void test_the_process_of_another_machine(void **state)
{
    struct stage *s = *state;
    struct br_vm *vm = set_alpha(s);
    struct fake_peer device;

    assert_int_equal(try_connect(s, &device), 0);
    expect_peer(s, (uint32_t)getpid());
    welcome(s, &device);
    assert_int_equal(identify(s, (uint32_t)getpid(), VGPU_CTL_ANOTHERS), 0);
    assert_true(fake_is_shut(&device.socket));
    assert_int_equal(vm->phase, BR_VM_ABSENT);
    assert_int_equal(vm->stats.turned_away, 1);
    fake_peer_close(&device);
}

/* A new vgpu-hostd binds anew: who is connected stays. */
static void test_a_socket_is_replaced(void **state)
{
    struct stage *s = *state;
    const struct br_vm *vm = set_alpha(s);
    struct fake_peer device;
    struct fake_peer second;

    assert_int_equal(try_connect(s, &device), 0);
    welcome(s, &device);
    vgpu_fd_close(&s->listener);
    s->listener = listen_at(s);
    fake_peer_close(&s->host);
    fake_pump(&s->fake);
    fake_control_open(&s->fake, &s->host, VGPU_CTL_HOST);
    expect_peer(s, (uint32_t)getpid());
    assert_ptr_equal(set_alpha(s), vm);
    assert_int_equal(vm->phase, BR_VM_UP);
    fake_device_beat(&device, 1);
    fake_pump(&s->fake);
    (void)fake_expect(&device, VGPU__FRAME__KIND_BEAT);
    assert_int_equal(try_connect(s, &second), 0);
    assert_true(fake_is_shut(&second.socket));
    fake_peer_close(&second);
    fake_peer_close(&device);
}

/* Its worker is not reaped yet: the machine's memory stays as long. */
static void test_a_machine_goes_with_a_session(void **state)
{
    static struct fake_guest guest;
    struct stage *s = *state;
    struct br_vm *vm = set_alpha(s);
    struct fake_peer device;
    struct fake_peer gpu;
    struct fake_peer worker;

    memset(&guest, 0, sizeof(guest));
    fake_gpu_open(&s->fake, &gpu, 1);
    fake_worker_ready(&s->fake, &gpu, &worker, 1);
    assert_int_equal(try_connect(s, &device), 0);
    welcome(s, &device);
    fake_vm_guest_open(&s->fake, &device, 0, 1, &guest);
    fake_guest_hello(&guest);
    fake_guest_ask(&guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_attached(&worker, 0);
    fake_pump(&s->fake);
    assert_int_equal(vm->share.sessions, 1);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "alpha"), 0);
    assert_int_equal(fake_guest_error(&guest), 719);
    assert_false(TAILQ_EMPTY(&s->fake.broker->dead_vms));
    /* The name is free at once. */
    assert_ptr_not_equal(set_alpha(s), vm);
    fake_worker_gone(&gpu, 1);
    fake_peer_close(&worker);
    fake_pump(&s->fake);
    assert_true(TAILQ_EMPTY(&s->fake.broker->dead_vms));
    fake_guest_close(&guest);
    fake_peer_close(&device);
    fake_peer_close(&gpu);
}

static void test_a_machine_is_changed(void **state)
{
    struct stage *s = *state;
    const struct br_vm *vm = set_alpha(s);
    char name[] = "alpha";
    char uuid[] = "01234567-89ab-cdef-0123-456789abcdef";
    char pool[] = "B";
    const char *why;
    Vgpu__VmSet set;

    fake_vm_set_init(&set, 2, name);
    set.uuid = uuid;
    set.pool = pool;
    set.priority = 7;
    set.sessions_max = 3;
    set.calls_per_s = 1000;
    set.socket = s->address.sun_path;
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "B", 2), 0);
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, NULL, 0, NULL), 0);
    assert_string_equal(vm->share.policy.uuid, uuid);
    assert_string_equal(vm->share.pool->name, "B");
    assert_int_equal(vm->share.policy.priority, 7);
    assert_int_equal(vm->share.policy.sessions_max, 3);
    assert_non_null(vm->door);
    /* Refused as a whole. */
    set.sessions_max = 9;
    set.priority = 101;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, NULL, 0, &why), EINVAL);
    assert_non_null(strstr(why, "priority"));
    assert_int_equal(vm->share.policy.sessions_max, 3);
    (void)snprintf(pool, sizeof(pool), "C");
    set.priority = 1;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, NULL, 0, &why), ENOENT);
    assert_non_null(strstr(why, "C"));
    assert_string_equal(vm->share.pool->name, "B");
}

static void refuse(struct stage *s, const char *name, const char *path, uint32_t error)
{
    char copy[128];
    char socket[256];
    Vgpu__VmSet set;

    (void)snprintf(copy, sizeof(copy), "%s", name);
    (void)snprintf(socket, sizeof(socket), "%s", path);
    fake_vm_set_init(&set, 1, copy);
    set.socket = socket;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, NULL, 0, NULL), error);
}

static void test_names_that_are_refused(void **state)
{
    struct stage *s = *state;
    char path[200];
    char name[16];

    refuse(s, "", "", EINVAL);
    refuse(s, "a b", "", EINVAL);
    refuse(s, "a/b", "", EINVAL);
    refuse(s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", EINVAL);
    refuse(s, "ours", "", EEXIST);
    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    refuse(s, "alpha", path, EINVAL);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "ours"), EPERM);
    for (unsigned int i = 0; i < VGPU_VMS_MAX - 1; i++) {
        (void)snprintf(name, sizeof(name), "vm%u", i);
        refuse(s, name, "", 0);
    }
    refuse(s, "one-more", "", ENOSPC);
    refuse(s, "vm7", "", 0);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "vm9"), 0);
    refuse(s, "one-more", "", 0);
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void offer(struct stage *s, int fd, uint32_t error)
{
    char name[] = "alpha";
    int before = open_descriptors();
    Vgpu__VmSet set;

    fake_vm_set_init(&set, 1, name);
    set.listener = true;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, &fd, fd >= 0 ? 1 : 0, NULL), error);
    assert_null(br_broker_find_vm(s->fake.broker, "alpha"));
    assert_int_equal(open_descriptors(), before);
}

static void test_descriptors_that_do_not_listen(void **state)
{
    struct stage *s = *state;
    int pair[2];
    int fds[] = {
        eventfd(0, EFD_CLOEXEC),
        open("/dev/null", O_RDWR | O_CLOEXEC),
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
        socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
    };
    size_t count = sizeof(fds) / sizeof(fds[0]);
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};

    /* Bound to names that the kernel chooses. */
    assert_int_equal(bind(fds[4], (struct sockaddr *)&unnamed, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(fds[4], 1), 0);
    assert_int_equal(listen(fds[5], 1), 0);
    for (size_t i = 0; i < count; i++) {
        offer(s, fds[i], ENOTSOCK);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    offer(s, pair[0], ENOTSOCK);
    offer(s, -1, EBADF);
    vgpu_fd_close_many(pair, 2);
    vgpu_fd_close_many(fds, count);
}

/* A good socket of a bad machine, with somebody waiting in its queue. */
static void test_a_listener_of_a_refused_machine(void **state)
{
    struct stage *s = *state;
    struct fake_peer device;
    char name[] = "ours";
    int before;
    Vgpu__VmSet set;

    assert_int_equal(try_connect(s, &device), 0);
    before = open_descriptors();
    fake_vm_set_init(&set, 1, name);
    set.listener = true;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, &s->listener, 1, NULL), EEXIST);
    assert_true(fake_is_shut(&device.socket));
    assert_int_equal(open_descriptors(), before);
    fake_peer_close(&device);
}

static void test_a_descriptor_without_a_listener(void **state)
{
    struct stage *s = *state;
    char name[] = "alpha";
    Vgpu__VmSet set;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    fake_vm_set_init(&set, 1, name);
    frame.kind_case = VGPU__FRAME__KIND_VM_SET;
    frame.vm_set = &set;
    assert_int_equal(vgpu_frame_socket_send(&s->host.socket, &frame, &s->listener, 1), 0);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->host.socket));
    assert_null(s->fake.broker->control.host);
}

/* Nothing piles up for a vgpu-hostd that does not read; what it reads last is what is. */
static void test_a_device_that_comes_and_goes_all_the_time(void **state)
{
    struct stage *s = *state;
    struct br_vm *vm = set_alpha(s);
    const struct br_control *control = &s->fake.broker->control;
    const Vgpu__Frame *frame;
    int bytes = 4096;
    int events = 0;
    int theirs;

    assert_int_equal(
        setsockopt(control->host->link.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    for (int i = 0; i < 100; i++) {
        int ours = fake_pair(&theirs);

        br_vm_connect(vm, theirs, 1000 + i, 0);
        fake_pump(&s->fake);
        vgpu_fd_close(&ours);
        fake_pump(&s->fake);
    }
    assert_non_null(control->host);
    assert_true(control->peers_due);
    assert_false(br_control_is_busy(control));
    assert_true(control->host->link.out_end - control->host->link.out_start < 100);
    while (control->peers_due || control->host->link.out != NULL) {
        (void)fake_expect(&s->host, VGPU__FRAME__KIND_VM_PEER);
        fake_pump(&s->fake);
        events++;
    }
    assert_true(events < 100);
    while ((frame = fake_next(&s->host)) != NULL) {
        assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_VM_PEER);
        theirs = (int)frame->vm_peer->pid;
    }
    assert_int_equal(theirs, 0);
}

static void test_all_that_there_is(void **state)
{
    struct stage *s = *state;
    const struct br_vm *vm = set_alpha(s);

    refuse(s, "beta", "", 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "gone", 1), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "kept", 1), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "A", 1), 0);
    assert_int_equal(fake_host_commit(&s->fake, &s->host), EINVAL);
    assert_int_equal(fake_host_begin(&s->fake, &s->host), 0);
    assert_int_equal(fake_host_begin(&s->fake, &s->host), EALREADY);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "kept", 2), 0);
    assert_ptr_equal(set_alpha(s), vm);
    assert_int_equal(fake_host_commit(&s->fake, &s->host), 0);
    assert_non_null(br_broker_find_vm(s->fake.broker, "ours"));
    assert_ptr_equal(br_broker_find_vm(s->fake.broker, "alpha"), vm);
    assert_null(br_broker_find_vm(s->fake.broker, "beta"));
    assert_non_null(br_pool_find(&s->fake.broker->pools, "kept"));
    assert_null(br_pool_find(&s->fake.broker->pools, "gone"));
    assert_true(br_pool_find(&s->fake.broker->pools, "A")->gpus.all);
}

static void test_pools(void **state)
{
    struct stage *s = *state;
    char name[] = "alpha";
    char pool[] = "blue";
    Vgpu__VmSet set;

    assert_int_equal(fake_pool_set(&s->fake, &s->host, "blue", VGPU_DEVICES_MAX + 1), EINVAL);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "b/ue", 1), EINVAL);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "blue", 0), ENOENT);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "blue", VGPU_DEVICES_MAX), 0);
    fake_vm_set_init(&set, 1, name);
    set.pool = pool;
    assert_int_equal(fake_vm_set(&s->fake, &s->host, &set, NULL, 0, NULL), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "blue", 0), EBUSY);
    assert_int_equal(fake_vm_remove(&s->fake, &s->host, "alpha"), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "blue", 0), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "A", 0), EPERM);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "A", 1), 0);
    assert_int_equal(fake_pool_set(&s->fake, &s->host, "A", 0), 0);
    assert_true(br_pool_find(&s->fake.broker->pools, "A")->gpus.all);
}

static uint32_t drain(struct stage *s, uint8_t fill, size_t len, bool drained)
{
    Vgpu__GpuDrain message = VGPU__GPU_DRAIN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uint8_t uuid[32];

    memset(uuid, fill, sizeof(uuid));
    message.uuid = (ProtobufCBinaryData){.len = len, .data = uuid};
    message.drained = drained;
    frame.kind_case = VGPU__FRAME__KIND_GPU_DRAIN;
    frame.gpu_drain = &message;
    return fake_control_command(&s->fake, &s->host, &frame, NULL, 0, NULL);
}

static void test_a_gpu_is_drained(void **state)
{
    struct stage *s = *state;
    struct fake_peer gpu;

    assert_int_equal(drain(s, 1, 15, true), EINVAL);
    assert_int_equal(drain(s, 1, 17, true), EINVAL);
    assert_int_equal(drain(s, 1, 16, true), 0);
    fake_gpu_open(&s->fake, &gpu, 1);
    assert_string_equal(br_gpu_state(s->fake.broker, 0), "drained");
    assert_int_equal(drain(s, 1, 16, false), 0);
    assert_string_equal(br_gpu_state(s->fake.broker, 0), "up");
    fake_peer_close(&gpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_machine_comes_and_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_process_of_another_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_socket_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_machine_goes_with_a_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_machine_is_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptors_that_do_not_listen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_listener_of_a_refused_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_descriptor_without_a_listener, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_device_that_comes_and_goes_all_the_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_all_that_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pools, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_gpu_is_drained, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
