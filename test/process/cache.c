/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loads modules of which a later process may load the same: vgpu-process-cache KIND BYTES TAG...
 * KIND is "image" (a fat binary of BYTES, most of which no device uses), "text" (PTX), "broken"
 * (PTX with an error) or "changing" (an image into which another thread writes while it is loaded).
 * Each TAG is a module with a variable of that value, which is read back.  Says "loaded TAG" or
 * "refused TAG code=N" for each, then "ready", and waits for the end of its input.
 */

#include <elf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/fatbin.h"
#include "test/programs/driver_api.h"

#define TEXT_ROOM    256u
#define MACHINE_CUDA 190

struct entry {
    uint16_t kind;
    uint16_t version;
    uint32_t header_bytes;
    uint64_t bytes;
    uint32_t packed_bytes;
    uint32_t options;
    uint32_t version_of_ptx;
    uint32_t arch;
    uint32_t more[8];
    uint32_t option_offset;
    uint32_t option_bytes;
};

static _Atomic bool stop;

static void must(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(2);
    }
}

static size_t write_text(char *to, unsigned int tag)
{
    return (size_t)snprintf(to, TEXT_ROOM,
                            ".version 7.0\n.target sm_70\n.address_size 64\n"
                            ".visible .global .u32 tag = %u;\n"
                            ".visible .entry nothing()\n{\n ret;\n}\n//",
                            tag);
}

static char *make_text(size_t bytes, unsigned int tag)
{
    char *text = malloc(bytes + TEXT_ROOM);
    size_t used;

    if (text == NULL) {
        exit(2);
    }
    memset(text, 'x', bytes + TEXT_ROOM);
    used = write_text(text, tag);
    text[used] = 'x';
    text[used < bytes ? bytes : used] = '\0';
    return text;
}

/* Machine code without sections, and `bytes` of something behind its header. */
static void put_code(uint8_t *at, size_t bytes, unsigned int tag)
{
    const Elf64_Ehdr elf = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_machine = MACHINE_CUDA,
        .e_ehsize = sizeof(elf),
    };

    memset(at, (int)tag, bytes);
    memcpy(at, &elf, sizeof(elf));
}

/* Header, the text, and machine code that the simulator passes over. */
static uint8_t *make_image(size_t bytes, unsigned int tag)
{
    struct entry text = {.kind = VGPU_FATBIN_PTX,
                         .header_bytes = sizeof(text),
                         .bytes = TEXT_ROOM,
                         .options = offsetof(struct entry, option_offset),
                         .arch = 70,
                         .option_offset = sizeof(text)};
    struct entry code = {
        .kind = VGPU_FATBIN_ELF, .header_bytes = sizeof(code), .bytes = bytes, .arch = 90};
    uint64_t header[2] = {0x00100001ba55ed50, 2 * sizeof(text) + TEXT_ROOM + bytes};
    uint8_t *image = calloc(1, sizeof(header) + header[1]);
    uint8_t *at = image;

    if (image == NULL) {
        exit(2);
    }
    memcpy(at, header, sizeof(header));
    at += sizeof(header);
    memcpy(at, &text, sizeof(text));
    at += sizeof(text);
    (void)write_text((char *)at, tag);
    at += TEXT_ROOM;
    memcpy(at, &code, sizeof(code));
    put_code(at + sizeof(code), bytes, tag);
    return image;
}

/* Not seen by ThreadSanitizer: the race with who reads the image is what is tried. */
__attribute__((no_sanitize("thread"))) static void *scribble(void *arg)
{
    volatile uint8_t *last = arg;

    while (!atomic_load(&stop)) {
        *last = (uint8_t)(*last + 1);
    }
    return NULL;
}

static void load(const void *image, unsigned int tag)
{
    CUdeviceptr at = 0;
    uint32_t value = 0;
    size_t size = 0;
    CUmodule module;
    CUresult cu = drv.cuModuleLoadData(&module, image);

    if (cu != CUDA_SUCCESS) {
        printf("refused %u code=%d\n", tag, (int)cu);
        return;
    }
    must(drv.cuModuleGetGlobal_v2(&at, &size, module, "tag"), "cuModuleGetGlobal");
    must(drv.cuMemcpyDtoH_v2(&value, at, sizeof(value)), "cuMemcpyDtoH");
    if (value != tag) {
        fprintf(stderr, "the module of %u is loaded, not of %u\n", value, tag);
        exit(1);
    }
    must(drv.cuModuleUnload(module), "cuModuleUnload");
    printf("loaded %u\n", tag);
}

static void load_changing(size_t bytes, unsigned int tag)
{
    uint8_t *image = make_image(bytes, tag);
    pthread_t thread;

    atomic_store(&stop, false);
    if (pthread_create(&thread, NULL, scribble, image + sizeof(uint64_t) * 2 + TEXT_ROOM + bytes) !=
        0) {
        exit(2);
    }
    load(image, tag);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    free(image);
}

static void load_kind(const char *kind, size_t bytes, unsigned int tag)
{
    void *image;

    if (strcmp(kind, "changing") == 0) {
        load_changing(bytes, tag);
        return;
    }
    image =
        strcmp(kind, "image") == 0 ? (void *)make_image(bytes, tag) : (void *)make_text(bytes, tag);
    if (strcmp(kind, "broken") == 0) {
        memcpy(strstr(image, "ret;"), "ret{", 4);
    }
    load(image, tag);
    free(image);
}

int main(int argc, char **argv)
{
    CUcontext context;
    CUdevice device;
    char byte;

    if (argc < 4 || driver_api_load()) {
        return 3;
    }
    must(drv.cuInit(0), "cuInit");
    must(drv.cuDeviceGet(&device, 0), "cuDeviceGet");
    must(drv.cuCtxCreate_v2(&context, 0, device), "cuCtxCreate");
    for (int i = 3; i < argc; i++) {
        load_kind(argv[1], strtoul(argv[2], NULL, 10), (unsigned int)strtoul(argv[i], NULL, 10));
    }
    printf("ready\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    must(drv.cuCtxDestroy_v2(context), "cuCtxDestroy");
    return 0;
}
