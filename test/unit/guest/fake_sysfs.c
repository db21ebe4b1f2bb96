/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/guest/fake_sysfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/limits.h"

#define REGISTERS_BYTES ((size_t)VGPU_DEVICE_PAGE * 8)
#define SLICES_BYTES    ((size_t)FAKE_DEVICE_CHANNELS * VGPU_CHANNEL_BYTES_MIN)
#define CONFIG_BYTES    256
#define INTX_DISABLED   0x04

static void need(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

static char made[64]; /* by this process */

static const char *path_of(struct fake_device *device, const char *file)
{
    static __thread char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", device->folder, file);
    return path;
}

void fake_device_write(struct fake_device *device, const char *file, const char *text)
{
    FILE *out = fopen(path_of(device, file), "w");

    need(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0, file);
}

static void *make_memory(struct fake_device *device, const char *file, size_t bytes, int *keep)
{
    int fd = open(path_of(device, file), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *memory;

    need(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, file);
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    need(memory != MAP_FAILED, "mmap");
    if (keep != NULL) {
        *keep = fd;
    } else {
        (void)close(fd);
    }
    return memory;
}

static void make_folders(struct fake_device *device)
{
    char path[160];

    (void)snprintf(device->root, sizeof(device->root), "/dev/shm/vgpu-sysfs-XXXXXX");
    need(mkdtemp(device->root) != NULL && chmod(device->root, 0755) == 0, "mkdtemp");
    memcpy(made, device->root, sizeof(made));
    (void)snprintf(path, sizeof(path), "%s/devices", device->root);
    need(mkdir(path, 0755) == 0, path);
    (void)snprintf(path, sizeof(path), "%s/dev", device->root);
    need(mkdir(path, 0755) == 0, path);
    (void)snprintf(device->folder, sizeof(device->folder), "%s/devices/" FAKE_DEVICE_ADDRESS,
                   device->root);
    need(mkdir(device->folder, 0755) == 0, device->folder);
}

static void set(struct fake_device *device, uint32_t offset, uint32_t value)
{
    atomic_store(fake_device_register(device, offset), value);
}

static void make_registers(struct fake_device *device)
{
    set(device, VGPU_REG_MAGIC, VGPU_DEVICE_MAGIC);
    set(device, VGPU_REG_REVISION, VGPU_DEVICE_REVISION);
    set(device, VGPU_REG_CHANNEL_LO, VGPU_CHANNEL_BYTES_MIN);
    set(device, VGPU_REG_CHANNEL_HI, 0);
    memcpy(device->registers + VGPU_REG_VERSION_TEXT, "9.9.9", 6);
}

struct fake_device *fake_device_new(void)
{
    struct fake_device *device =
        mmap(NULL, sizeof(*device), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    need(device != MAP_FAILED, "mmap");
    device->channels = FAKE_DEVICE_CHANNELS;
    device->node_fd = -1;
    atomic_store(&device->link, true);
    for (unsigned int i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        device->serving[i] = -1;
    }
    make_folders(device);
    device->registers = make_memory(device, "resource0", REGISTERS_BYTES, NULL);
    device->slices = make_memory(device, "resource1", SLICES_BYTES, &device->memory_fd);
    device->config = make_memory(device, "config", CONFIG_BYTES, NULL);
    fake_device_write(device, "vendor", "0x1234\n");
    fake_device_write(device, "device", "0xcda0\n");
    fake_device_write(device, "revision", "0x01\n");
    fake_device_write(device, "enable", "1\n");
    fake_device_write(device, "resource",
                      "0x00000000febc0000 0x00000000febfffff 0x0000000000040200\n"
                      "0x0000000800000000 0x0000000803ffffff 0x000000000014220c\n");
    make_registers(device);
    (void)setenv("VGPU_SYSFS", device->root, 1);
    (void)unsetenv("VGPU_SOCKET");
    (void)setenv("VGPU_LOG", "off", 1);
    return device;
}

static void make_uio(struct fake_device *device)
{
    char node[128];

    (void)snprintf(node, sizeof(node), "%s/dev/uio0", device->root);
    need(mkfifo(node, 0600) == 0, node);
    device->node_fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    need(device->node_fd >= 0, node);
    need(symlink("../../drivers/uio_pci_generic", path_of(device, "driver")) == 0, "driver");
    need(mkdir(path_of(device, "uio"), 0755) == 0 && mkdir(path_of(device, "uio/uio0"), 0755) == 0,
         "uio");
}

void fake_sysfs_fill(struct fake_device *device)
{
    char combining[256];

    set(device, VGPU_REG_CHANNELS, device->channels);
    fake_sysfs_link(device, atomic_load(&device->link));
    if (!device->without_combining) {
        (void)snprintf(combining, sizeof(combining), "%s", path_of(device, "resource1_wc"));
        need(link(path_of(device, "resource1"), combining) == 0, combining);
    }
    if (device->with_uio) {
        make_uio(device);
    }
}

void fake_device_sweep(void)
{
    char command[96];

    if (made[0] != '\0') {
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", made);
        need(system(command) == 0, command);
        made[0] = '\0';
    }
}

void fake_sysfs_remove(struct fake_device *device)
{
    (void)munmap(device->registers, REGISTERS_BYTES);
    (void)munmap(device->slices, SLICES_BYTES);
    (void)munmap(device->config, CONFIG_BYTES);
    (void)close(device->memory_fd);
    if (device->node_fd >= 0) {
        (void)close(device->node_fd);
    }
    fake_device_sweep();
}

void fake_sysfs_link(struct fake_device *device, bool link)
{
    uint32_t status = link ? VGPU_STATUS_LINK | VGPU_STATUS_CONNECTED : 0;

    if (atomic_load(&device->turned_away)) {
        status |= VGPU_STATUS_REFUSED;
    }
    set(device, VGPU_REG_STATUS, status);
    set(device, VGPU_REG_PROTOCOL, link ? VGPU_PROTOCOL_VERSION : 0);
}

bool fake_sysfs_raise(struct fake_device *device)
{
    uint8_t command = __atomic_load_n(&device->config[5], __ATOMIC_SEQ_CST);
    const uint32_t count = 1;

    if (device->node_fd < 0 || (command & INTX_DISABLED) != 0) {
        return false;
    }
    __atomic_store_n(&device->config[5], command | INTX_DISABLED, __ATOMIC_SEQ_CST);
    return write(device->node_fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

void fake_sysfs_punch(int fd, uint32_t channel)
{
    need(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                   (off_t)channel * VGPU_CHANNEL_BYTES_MIN, VGPU_CHANNEL_BYTES_MIN) == 0,
         "fallocate");
}
