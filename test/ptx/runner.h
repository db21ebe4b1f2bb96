/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_RUNNER_H
#define VGPU_TEST_PTX_RUNNER_H

#include <stdbool.h>

#include "test/ptx/px.h"

/* One compiled module: PTX text with a NUL behind, built into the program. */
struct px_image {
    const char *variant; /* the folder: o3, o1, ... */
    const char *module;
    const char *text;
};

/* Written by the build; ends with a NULL variant. */
extern const struct px_image px_images[];

/* The text, or NULL when the source was not compiled that way. */
const char *px_image_find(const char *variant, const char *module);

/* A context on device 0; ends the program when there is none. */
void px_begin(void);
void px_end(void);

/* Run one case on one module's text: true when it passed.  Prints why not. */
bool px_case_run(const struct px_case *c, const char *variant, const char *text);

/* Instructions a second of some plain loops, printed. */
void px_bench(void);

#endif
