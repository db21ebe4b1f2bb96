/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/qemu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostd/proc.h"

static struct hd_qemu qemu;

/* Reads arguments that are written with a blank between; '~' stands for a blank. */
static void read_line(const char *line)
{
    char text[1600];
    size_t len = strlen(line) + 1;

    assert_true(len <= sizeof(text));
    for (size_t i = 0; i < len; i++) {
        text[i] = line[i];
        if (line[i] == ' ') {
            text[i] = '\0';
        } else if (line[i] == '~') {
            text[i] = ' ';
        }
    }
    memset(&qemu, 0, sizeof(qemu));
    hd_qemu_read(&qemu, text, len);
}

static void reads_what_vgpu_qemu_writes(void **state)
{
    (void)state;
    read_line("qemu -name guest=alpha,debug-threads=on -uuid 6E1F2A3B-0001-4002-8003-0123456789AB "
              "-chardev socket,id=mon,path=/x -chardev "
              "socket,id=vgpu0-socket,path=/run/vgpu/vm/alpha.sock,reconnect=1 -device "
              "vgpu-cuda,id=vgpu0,chardev=vgpu0-socket,channels=8");
    assert_string_equal(qemu.name, "alpha");
    assert_string_equal(qemu.uuid, "6e1f2a3b-0001-4002-8003-0123456789ab");
    assert_string_equal(qemu.socket, "/run/vgpu/vm/alpha.sock");
    assert_true(qemu.device);
}

/* libvirt 9.0 with the domain of deploy/libvirt, without devices that do not matter. */
static void reads_what_libvirt_writes(void **state)
{
    (void)state;
    read_line(
        "/usr/bin/qemu-system-x86_64 -name guest=web1,debug-threads=on -S "
        "-object {\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":"
        "\"/var/lib/libvirt/qemu/domain-1-web1/master-key.aes\"} "
        "-machine pc-q35-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram -accel kvm "
        "-uuid 21331f51-b283-4f8d-9d7f-62e6fb8cd221 -display none -no-user-config -nodefaults "
        "-chardev socket,id=charmonitor,fd=29,server=on,wait=off "
        "-mon chardev=charmonitor,id=monitor,mode=control "
        "-device {\"driver\":\"pcie-root-port\",\"port\":8,\"chassis\":15,\"id\":\"pci.15\","
        "\"bus\":\"pcie.0\",\"multifunction\":true,\"addr\":\"0x1\"} "
        "-add-fd set=0,fd=30,opaque=serial0-log "
        "-chardev pty,id=charserial0,logfile=/dev/fdset/0,logappend=on "
        "-device "
        "{\"driver\":\"isa-serial\",\"chardev\":\"charserial0\",\"id\":\"serial0\",\"index\":0} "
        "-chardev socket,id=vgpu0,path=/run/vgpu/vm/web1.sock,reconnect=1 "
        "-device "
        "{\"driver\":\"vgpu-cuda\",\"id\":\"vgpu\",\"chardev\":\"vgpu0\",\"bus\":\"pci.15\"} "
        "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny "
        "-msg timestamp=on");
    assert_string_equal(qemu.name, "web1");
    assert_string_equal(qemu.uuid, "21331f51-b283-4f8d-9d7f-62e6fb8cd221");
    assert_string_equal(qemu.socket, "/run/vgpu/vm/web1.sock");
    assert_true(qemu.device);
}

static void reads_json_and_two_dashes(void **state)
{
    (void)state;
    read_line(
        "qemu --name beta --device {\"driver\":~\"vgpu-cuda\",\"id\":\"v\",\"chardev\":\"c\"} "
        "--chardev socket,path=/a,,b.sock,id=c -xen-domid 17");
    assert_string_equal(qemu.name, "beta");
    assert_string_equal(qemu.socket, "/a,b.sock");
    assert_true(qemu.device);
    read_line("qemu -device driver=vgpu-cuda,chardev=c -chardev socket,id=d,path=/x");
    assert_true(qemu.device);
    assert_string_equal(qemu.socket, "");
}

static void other_devices_are_none(void **state)
{
    static const char *const lines[] = {
        "qemu -device vgpu-cudax,chardev=c",
        "qemu -device {\"driver\":\"vgpu\"}",
        "qemu -device id=vgpu-cuda",
        "qemu -name vgpu-cuda",
        "qemu -device {\"id\":\"vgpu-cuda\"}",
        "qemu -device {",
        "qemu -device",
        "qemu -device {\"driver\"",
        "qemu -device {\"driver\":",
        "qemu -device {\"driver\":\"vgpu-cuda",
        "qemu vgpu-cuda",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        read_line(lines[i]);
        assert_false(qemu.device);
    }
}

static void what_does_not_fit_is_left_out(void **state)
{
    char line[500] = "qemu -device vgpu-cuda,chardev=c -chardev socket,id=c,path=/";

    (void)state;
    memset(line + strlen(line), 'x', 200);
    read_line(line);
    assert_true(qemu.device);
    assert_string_equal(qemu.socket, "");
    read_line("qemu -name a/b -uuid 123 -xen-domid 99999999999");
    assert_string_equal(qemu.name, "");
    assert_string_equal(qemu.uuid, "");
}

static void any_bytes_are_read(void **state)
{
    static const char bits[] = "-device\0{\"driver\":\"vgpu-cuda\",\"chardev\":\"c\"}\0-chardev\0"
                               "socket,id=c,path=/,,\0-name\0guest=,=\0-uuid\0\\\x01";

    (void)state;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)rand() % 200 + 1;
        char *text = malloc(len);

        for (size_t at = 0; at < len; at++) {
            text[at] = bits[(size_t)rand() % sizeof(bits)];
        }
        text[len - 1] = '\0';
        memset(&qemu, 0, sizeof(qemu));
        hd_qemu_read(&qemu, text, len);
        free(text);
    }
}

static void names_of_programs(void **state)
{
    (void)state;
    assert_true(hd_qemu_is_binary("qemu-system-x86_64"));
    assert_true(hd_qemu_is_binary("qemu-system-i386"));
    assert_true(hd_qemu_is_binary("qemu-kvm"));
    assert_false(hd_qemu_is_binary("qemu-img"));
    assert_false(hd_qemu_is_binary("bash"));
}

static void control_groups(void **state)
{
    char name[32];

    (void)state;
    assert_true(hd_proc_scope("1:name=systemd:/\n0::/machine.slice/"
                              "machine-qemu\\x2d12\\x2dbuild\\x2d1.scope/libvirt/emulator\n",
                              name, sizeof(name)));
    assert_string_equal(name, "qemu-12-build-1");
    assert_true(hd_proc_scope("0::/machine-qemu-3-a.scope", name, sizeof(name)));
    assert_string_equal(name, "qemu-3-a");
    /* Without systemd-machined. */
    /* In a part of its own. */
    assert_true(hd_proc_scope("0::/machine.slice/machine-shop.slice/machine-qemu\\x2d1\\x2da.scope",
                              name, sizeof(name)));
    assert_true(
        hd_proc_scope("0::/machine/shop.partition/qemu-1-a.libvirt-qemu", name, sizeof(name)));
    assert_true(hd_proc_scope("8:pids:/\n7:blkio:/machine/qemu-1-web1.libvirt-qemu\n"
                              "0::/machine/qemu-1-web1.libvirt-qemu/emulator\n",
                              name, sizeof(name)));
    assert_string_equal(name, "qemu-1-web1");
    assert_false(hd_proc_scope("0::/machine/lxc-1-web1.libvirt-lxc", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/machine/qemu-1-.libvirt-qemu", name, sizeof(name)));
    assert_false(
        hd_proc_scope("0::/machine.slice/machine-lxc\\x2d1\\x2da.scope", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/qemu-3-a.scope", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/machine-qemu-x-a.scope", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/machine-qemu-3-.scope", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/machine-qemu-3-a.service", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/machine-qemu-3-0123456789012345678901234567890123456789.scope",
                               name, sizeof(name)));
    assert_false(hd_proc_scope("", name, sizeof(name)));
}

/* systemd lets every account, and others every container, make groups below its own. */
static void control_groups_of_others(void **state)
{
    char name[32];

    (void)state;
    assert_false(hd_proc_scope("0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
                               "machine-qemu\\x2d1\\x2da.scope\n",
                               name, sizeof(name)));
    assert_false(
        hd_proc_scope("0::/user.slice/machine-qemu\\x2d1\\x2da.scope\n", name, sizeof(name)));
    assert_false(hd_proc_scope(
        "0::/system.slice/docker-0123.scope/machine-qemu\\x2d1\\x2da.scope\n", name, sizeof(name)));
    assert_false(hd_proc_scope("0::/system.slice/some.service/machine/qemu-1-a.libvirt-qemu\n",
                               name, sizeof(name)));
    assert_true(hd_proc_scope("1:name=systemd:/user.slice/user-0.slice\n"
                              "0::/machine/qemu-1-a.libvirt-qemu\n",
                              name, sizeof(name)));
    assert_string_equal(name, "qemu-1-a");
}

static void names_that_libvirt_changes(void **state)
{
    static const char long_name[] =
        "a123456789b123456789c123456789d123456789e123456789f123456789g123";

    (void)state;
    assert_true(hd_proc_scope_fits("qemu-1-web1", "web1"));
    assert_true(hd_proc_scope_fits("qemu-1-web1", "web_1"));
    assert_true(hd_proc_scope_fits("qemu-12-a.b-c", "-a.b--c."));
    /* As libvirt 9.0 made them. */
    assert_true(hd_proc_scope_fits("qemu-1-a-b", "a-_-b"));
    assert_true(hd_proc_scope_fits("qemu-2-a.c", "_-a_.-.c_"));
    assert_true(hd_proc_scope_fits("qemu-3-x", "x-_"));
    assert_true(
        hd_proc_scope_fits("qemu-4-a123456789b123456789c123456789d123456789e123456789f1234-6",
                           "a123456789b123456789c123456789d123456789e123456789f1234-6789g123"));
    assert_true(hd_proc_scope_fits(
        "qemu-7-a123456789b123456789c123456789d123456789e123456789f123456", long_name));
    assert_false(hd_proc_scope_fits("qemu-1-web1", "web2"));
    assert_false(hd_proc_scope_fits("qemu-1-web1", "web"));
    assert_false(hd_proc_scope_fits("qemu-1-web", "web1"));
    assert_false(hd_proc_scope_fits("lxc-1-web1", "web1"));
    assert_false(hd_proc_scope_fits("", "web1"));
}

static void control_groups_of_workers(void **state)
{
    (void)state;
    assert_true(hd_proc_is_worker("0::/vgpu.slice/vgpu-worker@3-77-0.service\n"));
    assert_false(hd_proc_is_worker("0::/system.slice/vgpu-worker.service\n"));
    assert_false(hd_proc_is_worker("0::/vgpu-worker@.service\n"));
    assert_false(hd_proc_is_worker("0::/x-vgpu-worker@3.service\n"));
    assert_false(hd_proc_is_worker("0::/vgpu-worker@3.service-x\n"));
    assert_false(hd_proc_is_worker("0::/\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_vgpu_qemu_writes),
        cmocka_unit_test(reads_what_libvirt_writes),
        cmocka_unit_test(reads_json_and_two_dashes),
        cmocka_unit_test(other_devices_are_none),
        cmocka_unit_test(names_of_programs),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(any_bytes_are_read),
        cmocka_unit_test(control_groups),
        cmocka_unit_test(control_groups_of_others),
        cmocka_unit_test(names_that_libvirt_changes),
        cmocka_unit_test(control_groups_of_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
