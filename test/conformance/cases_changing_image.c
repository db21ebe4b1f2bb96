/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An image that another thread changes while it is loaded.  What is loaded is one mixture or
 * another, or an error; the process and its context live on.
 */
#include "test/conformance/crew.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 20

/* The same bytes at two addresses: one to load from, one to change. */
struct image {
    char *text;
    char *other;
    size_t bytes;
    size_t begin; /* what is changed: not the head of the text, whose fields say how to read it */
    _Atomic bool stop;
};

static void image_map(struct image *image)
{
    int fd = memfd_create("image", MFD_CLOEXEC);

    image->bytes = strlen(conf_ptx()) + 1;
    if (fd < 0 || ftruncate(fd, (off_t)image->bytes) != 0) {
        conf_skip("no memfd");
    }
    image->text = mmap(NULL, image->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    image->other = mmap(NULL, image->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (image->text == MAP_FAILED || image->other == MAP_FAILED) {
        conf_skip("no memory");
    }
    memcpy(image->text, conf_ptx(), image->bytes);
    image->begin = (size_t)(strstr(conf_ptx(), ".entry") - conf_ptx());
}

/* Swaps single characters and puts them back; never a NUL, so the text keeps its length. */
static void changes_characters(struct crew_member *member)
{
    struct image *image = member->crew->arg;
    unsigned int at = 12345;

    crew_enter(member);
    while (!atomic_load(&image->stop)) {
        size_t place;
        char was;

        at = at * 1103515245u + 12345u;
        place = image->begin + (at >> 8) % (image->bytes - 1 - image->begin);
        was = image->other[place];
        ((volatile char *)image->other)[place] = 'x';
        ((volatile char *)image->other)[place] = was;
    }
}

static void stays_usable(void)
{
    CUmodule module = NULL;
    CUfunction f = NULL;

    CONF_OK(cuModuleLoadData(&module, conf_ptx()));
    CONF_OK(cuModuleGetFunction(&f, module, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuModuleLoadData, changed_while_it_is_read)
{
    static struct image image;
    static struct crew crew = {.work = changes_characters, .arg = &image};
    unsigned int unexpected = 0;

    crew.ctx = conf_context();
    image_map(&image);
    crew_start(&crew, 1);
    crew_wait_inside(&crew);
    for (int i = 0; i < ROUNDS; i++) {
        CUmodule module = NULL;
        CUresult cu = drv.cuModuleLoadData(&module, image.text);

        if (cu == CUDA_SUCCESS) {
            unexpected += drv.cuModuleUnload(module) != CUDA_SUCCESS;
        } else {
            unexpected += cu != CUDA_ERROR_INVALID_PTX && cu != CUDA_ERROR_INVALID_IMAGE;
        }
    }
    atomic_store(&image.stop, true);
    CONF_EXPECT(crew_join(&crew) == 0);
    CONF_EXPECT(unexpected == 0);
    stays_usable();
}
