/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_BAD_IMAGE_H
#define VGPU_TEST_CONF_BAD_IMAGE_H

/* What the cases of cut and flipped images share; any call may end the case. */

/* Flipped images a case. */
#define BAD_IMAGE_ROUNDS 200u

/* Where a bad image lies: who reads further than it finds zeros, whatever 16 bits say of its size
 * and of its header's. */
extern unsigned char bad_image_room[1 << 17];

/* A place to start bad_image_next() from, another each time; printed, and VGPU_TEST_SEED gives it
 * again. */
unsigned int bad_image_seed(const char *what);

/* The next of 24 random bits, in a row that begins with what *state is set to. */
unsigned int bad_image_next(unsigned int *state);

/* Loads, whatever comes of it, and unloads what loads.  Adds to *unexpected what no image may lead
 * to: a session that ended, and a module that does not unload. */
void bad_image_try(const void *image, unsigned int *unexpected);

/* What follows bad images works: a good one loads and runs. */
void bad_image_harmless(void);

#endif
