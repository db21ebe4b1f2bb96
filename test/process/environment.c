/* SPDX-License-Identifier: Apache-2.0 */

/* What a program sees of its environment: vgpu-process-environment, one fact a line. */

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/programs/driver_api.h"

#define FAT_BYTES 4096u

static const char text[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                           ".visible .entry noop()\n{\n\tret;\n}\n";
static const char managed[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                              ".visible .global .attribute(.managed) .align 4 .u32 counter;\n"
                              ".visible .entry noop()\n{\n\tret;\n}\n";

static void need(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        printf("%s %d\n", what, (int)cu);
        exit(2);
    }
}

#define NEED(call) need(drv.call, #call)

static void tell_devices(void)
{
    int count = 0;

    NEED(cuDeviceGetCount(&count));
    printf("devices");
    for (int i = 0; i < count; i++) {
        char bus[32];

        NEED(cuDeviceGetPCIBusId(bus, sizeof(bus), i));
        printf(" %s", bus);
    }
    printf("\n");
}

static void tell_uuids(void)
{
    int count = 0;

    NEED(cuDeviceGetCount(&count));
    for (int i = 0; i < count; i++) {
        CUuuid uuid;

        NEED(cuDeviceGetUuid_v2(&uuid, i));
        printf("uuid GPU-");
        for (int k = 0; k < 16; k++) {
            printf("%s%02x", k == 4 || k == 6 || k == 8 || k == 10 ? "-" : "",
                   (unsigned char)uuid.bytes[k]);
        }
        printf("\n");
    }
}

static void tell_load(const char *name, const void *image)
{
    CUmodule module = NULL;
    CUfunction function = NULL;
    CUresult cu = drv.cuModuleLoadData(&module, image);

    printf("%s %d\n", name, (int)cu);
    if (cu == CUDA_SUCCESS) {
        NEED(cuModuleGetFunction(&function, module, "noop"));
        NEED(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
        NEED(cuCtxSynchronize());
        NEED(cuModuleUnload(module));
    }
}

static size_t put(uint8_t *bytes, size_t at, const void *from, size_t len)
{
    memcpy(bytes + at, from, len);
    return at + len;
}

/* Adds an entry to a fat binary of `at` bytes; its new size. */
static size_t add_part(uint8_t *fat, size_t at, uint16_t kind, uint32_t arch, const void *code,
                       uint64_t bytes)
{
    const uint32_t options = 64,
                   header = 80; /* no text of options behind the place where they are */
    uint64_t padded = (bytes + 7) / 8 * 8;
    uint64_t all;

    (void)put(fat, at, &kind, sizeof(kind));
    (void)put(fat, at + 4, &header, sizeof(header));
    (void)put(fat, at + 8, &padded, sizeof(padded));
    (void)put(fat, at + 20, &options, sizeof(options));
    (void)put(fat, at + 28, &arch, sizeof(arch));
    (void)put(fat, at + options, &header, sizeof(header));
    (void)put(fat, at + header, code, bytes);
    all = at + header + padded - 16;
    (void)put(fat, 8, &all, sizeof(all));
    return at + header + padded;
}

/* A cubin without content: what matters here is whether it is looked at. */
static const Elf64_Ehdr cubin = {
    .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
    .e_type = ET_EXEC,
    .e_machine = 190,
    .e_ehsize = sizeof(cubin),
};

static size_t begin_fat(uint8_t *fat)
{
    static const uint8_t header[] = {0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    memset(fat, 0, FAT_BYTES);
    return put(fat, 0, header, sizeof(header));
}

static void tell_loads(void)
{
    static uint8_t fat[FAT_BYTES];
    CUmoduleLoadingMode mode = CU_MODULE_LAZY_LOADING;
    CUcontext context = NULL;
    size_t at;

    NEED(cuCtxCreate_v2(&context, 0, 0));
    NEED(cuModuleGetLoadingMode(&mode));
    printf("mode %d\n", (int)mode);
    tell_load("text", text);
    tell_load("cubin", &cubin);
    at = begin_fat(fat);
    (void)add_part(fat, at, 1, 70, text, sizeof(text));
    tell_load("fat-text", fat);
    at = begin_fat(fat);
    (void)add_part(fat, at, 2, 90, &cubin, sizeof(cubin));
    tell_load("fat-cubin", fat);
    at = begin_fat(fat);
    at = add_part(fat, at, 2, 90, &cubin, sizeof(cubin));
    (void)add_part(fat, at, 1, 70, text, sizeof(text));
    tell_load("fat-both", fat);
    at = begin_fat(fat);
    at = add_part(fat, at, 2, 20, &cubin, sizeof(cubin));
    (void)add_part(fat, at, 1, 70, text, sizeof(text));
    tell_load("fat-old-cubin", fat);
    tell_load("managed", managed);
}

int main(void)
{
    CUresult cu;

    if (driver_api_load() != 0) {
        return 2;
    }
    cu = drv.cuInit(0);
    printf("init %d\n", (int)cu);
    if (cu == CUDA_SUCCESS) {
        tell_devices();
        tell_uuids();
        tell_loads();
    }
    return 0;
}
