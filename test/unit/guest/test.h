/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_GUEST_TEST_H
#define VGPU_TEST_GUEST_TEST_H

/* cmocka, with what it wants before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
