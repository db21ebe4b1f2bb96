/* SPDX-License-Identifier: Apache-2.0 */

/* vgpu-info as a person runs it, over a fake device and a fake broker's socket. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/transport/transport.h"
#include "proto/cuda_enums.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;
static char output[16384];

/* Its exit status; what it wrote to both of its outputs is in `output`. */
static int run_program(const char *program, const char *options)
{
    char command[512];
    FILE *pipe;
    size_t len;
    int status;

    (void)snprintf(command, sizeof(command), "%s %s 2>&1", program, options);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    len = fread(output, 1, sizeof(output) - 1, pipe);
    output[len] = '\0';
    status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run(const char *options)
{
    return run_program(VGPU_INFO, options);
}

static void has(const char *text)
{
    if (strstr(output, text) == NULL) {
        fail_msg("'%s' is not in:\n%s", text, output);
    }
}

/* One line of error, the last. */
static void has_error(const char *cause, const char *cure)
{
    const char *line = strstr(output, "vgpu-info: ");

    assert_non_null(line);
    assert_ptr_equal(strchr(line, '\n'), output + strlen(output) - 1);
    has(cause);
    has(cure);
}

static int setup(void **state)
{
    (void)state;
    memset(&broker, 0, sizeof(broker));
    (void)setenv("VGPU_TEST_TRANSPORT", "device", 1);
    (void)setenv("LD_LIBRARY_PATH", VGPU_LIBRARY_FOLDER, 1);
    fake_broker_start(&broker);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_broker_stop(&broker);
    return 0;
}

static void test_all_is_well(void **state)
{
    (void)state;
    assert_int_equal(run(""), 0);
    has("device      0000:00:05.0, 1234:cda0, PCI revision 1, registers 1.2, driver none\n");
    has("transport   device\n");
    has("link        up, generation 1, broker 9.9.9, protocol 1, resets 0\n");
    has("us to the broker and back\n");
    has("channels    4 of 16 MiB: 4 free, 0 in use\n");
    has("window      channel 0, write-combining (resource1_wc)\n");
    has("waiting     by looking (no interrupts)\n");
    has("speed       write ");
    has(" calls\n");
    has("CUDA        12.4\n");
    has("GPU 0       Fake GPU, 1 MiB, compute capability 75.76\n");
    has("nodes       no /dev/nvidiactl: JAX");
}

static void test_library_that_programs_do_not_find(void **state)
{
    (void)state;
    (void)unsetenv("LD_LIBRARY_PATH");
    assert_int_equal(run(""), 15);
    has_error("programs load ", "run ldconfig");
    assert_int_equal(run("--json"), 15);
    has("\"status\": 15, \"error\": \"programs load ");
}

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void shell(const char *fmt, ...)
{
    char command[1024];
    va_list args;

    va_start(args, fmt);
    assert_true(vsnprintf(command, sizeof(command), fmt, args) < (int)sizeof(command));
    va_end(args);
    assert_int_equal(system(command), 0);
}

/* A copy of our library under the name that NVIDIA's driver would give it. */
static void install_rival(const char *folder)
{
    shell("mkdir -p %s && cp " VGPU_LIBRARY_FOLDER "/libcuda.so.1 %s/libcuda.so.580.159.04 && "
          "ln -sf libcuda.so.580.159.04 %s/libcuda.so.1",
          folder, folder, folder);
}

/* The loader's cache, as far as vgpu-info looks at it, of these folders. */
static void fill_cache(const char *first, const char *second)
{
    const char *root = broker.device->root;

    shell("printf '%%s\\n' %s %s >%s/ld.so.conf && "
          "/sbin/ldconfig -X -f %s/ld.so.conf -C %s/ld.so.cache 2>/dev/null",
          first, second, root, root, root);
}

static char rival[256];

static int setup_rival(void **state)
{
    (void)setup(state);
    (void)snprintf(rival, sizeof(rival), "%s/other", broker.device->root);
    install_rival(rival);
    return 0;
}

static int teardown_rival(void **state)
{
    shell("rm -rf %s %s/ld.so.c*", rival, broker.device->root);
    return teardown(state);
}

static void test_nothing_but_ours_in_the_cache(void **state)
{
    (void)state;
    fill_cache(VGPU_LIBRARY_FOLDER, "");
    assert_int_equal(run(""), 0);
    assert_null(strstr(output, "vgpu-info: "));
    shell("truncate -s 100 %s/ld.so.cache", broker.device->root);
    assert_int_equal(run(""), 0);
    assert_null(strstr(output, "vgpu-info: "));
}

static void test_rival_behind_ours_in_the_cache(void **state)
{
    (void)state;
    fill_cache(VGPU_LIBRARY_FOLDER, rival);
    assert_int_equal(run(""), 0);
    has_error("/other/libcuda.so.1 (of NVIDIA's driver 580.159.04) is in the loader's cache: "
              "programs that search folders by themselves may take it",
              "remove the packages");
}

static void test_rival_before_ours_in_the_cache(void **state)
{
    (void)state;
    fill_cache(rival, VGPU_LIBRARY_FOLDER);
    assert_int_equal(run(""), 0);
    has_error("is in the loader's cache before ours: services and programs without this "
              "LD_LIBRARY_PATH may take it",
              "run ldconfig");
}

#ifndef VGPU_TSAN /* in whose range a process has room for one library like ours */
static void test_rival_that_programs_load(void **state)
{
    (void)state;
    (void)setenv("LD_LIBRARY_PATH", rival, 1);
    assert_int_equal(run(""), 15);
    has_error("/other/libcuda.so.1 (of NVIDIA's driver 580.159.04) instead of ",
              "remove that driver's packages");
}
#endif

static void test_container_file(void **state)
{
    (void)state;
    assert_int_equal(run("--cdi"), 0);
    has("\"kind\": \"vgpu.dev/gpu\"");
    has("/libcuda.so.1\", \"containerPath\": \"/usr/local/nvidia/lib64/libcuda.so.1\"");
    has("/0000:00:05.0\",\n           \"options\": [\"rw\"");
    (void)unsetenv("VGPU_TEST_TRANSPORT");
    (void)setenv("VGPU_SOCKET", "/nonexistent/socket", 1);
    assert_int_equal(run("--cdi"), 3);
    has_error("there is no socket /nonexistent/socket", "start vgpu-broker");
    (void)unsetenv("VGPU_SOCKET");
}

static void test_json(void **state)
{
    (void)state;
    fake_device_write(broker.device, "../../pat_memtype_list",
                      "PAT memtype list:\n"
                      "PAT: [mem 0x0000000800000000-0x0000000800200000] uncached-minus\n"
                      "PAT: [mem 0x0000000800200000-0x0000000801000000] write-combining\n");
    fake_device_write(broker.device, "../../dev/nvidiactl", "");
    assert_int_equal(run("--json"), 0);
    has("\"nvidia_node\": true");
    has("{\"version\": \"");
    has("\"transport\": \"device\"");
    has("\"address\": \"0000:00:05.0\"");
    has("\"cache\": \"write-combining (resource1_wc, as the kernel says)\"");
    has("\"name\": \"Fake GPU\"");
    has("\"status\": 0, \"error\": null");
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void test_doctor(void **state)
{
    (void)state;
    assert_int_equal(run("--doctor"), 0);
    has("green   device    0000:00:05.0, revision 1.2\n");
    has("green   access    its files can be opened\n");
    has("green   host      vgpu-broker 9.9.9, ");
    has("green   channel   one could be had, of 16 MiB\n");
    has("green   gpu       1: Fake GPU\n");
    has("green   loader    programs load " VGPU_LIBRARY_FOLDER "/libcuda.so.1");
    fake_device_link(broker.device, false);
    assert_int_equal(run("--doctor"), 9);
    has("green   access ");
    has("red     host      no link from device 0000:00:05.0");
    has("yellow  gpu       not looked at: see to the check \"host\" first\n");
    assert_int_equal(run("--json --doctor"), 9);
    has("{\"status\": 9, \"checks\": [{\"name\": \"device\", \"light\": \"green\"");
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void test_doctor_of_the_loader(void **state)
{
    (void)state;
    (void)unsetenv("LD_LIBRARY_PATH");
    assert_int_equal(run("--doctor"), 15);
    has("red     loader    programs load ");
    has("green   gpu ");
}

static void test_users_are_named(void **state)
{
    struct gs_channel channel = {0};
    struct gs_obstacle obstacle;
    char line[128];

    (void)state;
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    assert_int_equal(run(""), 0);
    has("channels    4 of 16 MiB: 3 free, 1 in use\n");
    (void)snprintf(line, sizeof(line), "  0   ready    process %d test_unit_guest\n",
                   (int)getpid());
    has(line);
    has("window      channel 1");
    gs_channel_close(&channel);
}

static void test_no_link(void **state)
{
    (void)state;
    fake_device_link(broker.device, false);
    assert_int_equal(run(""), 9);
    has("link        down, generation ");
    has_error("no link from device 0000:00:05.0", "start vgpu-broker");
    assert_int_equal(run("--json"), 9);
    has("\"link\": false");
    has("\"status\": 9, \"error\": \"no link");
}

static void test_refused(void **state)
{
    (void)state;
    atomic_store(&broker.device->refuse, 46);
    assert_int_equal(run(""), 10);
    has_error("refused a channel with CUDA error 46", "log");
}

static void test_all_channels_in_use(void **state)
{
    struct gs_channel channels[FAKE_DEVICE_CHANNELS] = {0};
    struct gs_obstacle obstacle;

    (void)state;
    for (unsigned int i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        assert_int_equal(gs_channel_open(&channels[i], NULL, &obstacle), 0);
    }
    assert_int_equal(run(""), 11);
    has_error("all 4 channels", "channels=");
    for (unsigned int i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        gs_channel_close(&channels[i]);
    }
}

static void test_another_revision(void **state)
{
    (void)state;
    atomic_store(fake_device_register(broker.device, VGPU_REG_REVISION), 0x00030001);
    assert_int_equal(run(""), 8);
    has_error("revision 3.1", "install the guest package");
}

static void test_no_gpu_behind_the_broker(void **state)
{
    (void)state;
    atomic_store(&broker.refuse_hello, CUDA_ERROR_NO_DEVICE);
    assert_int_equal(run(""), 14);
    has_error("CUDA_ERROR_NO_DEVICE (100)", "vgpu-executor");
}

/* A copy of the program that has no library beside it. */
static void test_no_library(void **state)
{
    char copy[128];
    char command[512];

    (void)state;
    (void)snprintf(copy, sizeof(copy), "%s/vgpu-info", broker.device->root);
    (void)snprintf(command, sizeof(command), "cp '%s' '%s'", VGPU_INFO, copy);
    assert_int_equal(system(command), 0);
    (void)snprintf(command, sizeof(command), "env LD_LIBRARY_PATH= %s", copy);
    if (run_program(command, "") != 0) { /* a machine may have a libcuda.so.1 of its own */
        assert_true(WEXITSTATUS(run_program(command, "")) != 2);
        has("libcuda.so.1");
    }
}

static void test_socket(void **state)
{
    struct fake_broker other;

    (void)state;
    memset(&other, 0, sizeof(other));
    (void)unsetenv("VGPU_TEST_TRANSPORT");
    fake_broker_start(&other);
    assert_int_equal(run(""), 0);
    has("transport   socket /tmp/");
    has("window      16 MiB, write-back (memfd)\n");
    has("GPU 0       Fake GPU");
    assert_int_equal(run("--json"), 0);
    has("\"transport\": \"socket\", \"socket\": \"/tmp/");
    fake_broker_stop(&other);
    assert_int_equal(run(""), 9);
    has_error("no broker at /tmp/", "start vgpu-broker");
    (void)unsetenv("VGPU_SOCKET");
}

static void test_arguments(void **state)
{
    (void)state;
    assert_int_equal(run("--nonsense"), 2);
    has("--help");
    assert_int_equal(run("--help"), 0);
    has("usage: vgpu-info");
    assert_int_equal(run("--version"), 0);
    has("vgpu-info ");
}

#define CASE(name)       cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RIVAL_CASE(name) cmocka_unit_test_setup_teardown(name, setup_rival, teardown_rival)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_all_is_well),
        CASE(test_json),
        CASE(test_library_that_programs_do_not_find),
        RIVAL_CASE(test_nothing_but_ours_in_the_cache),
        RIVAL_CASE(test_rival_behind_ours_in_the_cache),
        RIVAL_CASE(test_rival_before_ours_in_the_cache),
#ifndef VGPU_TSAN
        RIVAL_CASE(test_rival_that_programs_load),
#endif
        CASE(test_container_file),
        CASE(test_doctor),
        CASE(test_doctor_of_the_loader),
        CASE(test_users_are_named),
        CASE(test_no_link),
        CASE(test_refused),
        CASE(test_all_channels_in_use),
        CASE(test_another_revision),
        CASE(test_no_gpu_behind_the_broker),
        CASE(test_no_library),
        CASE(test_socket),
        CASE(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
