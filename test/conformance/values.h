/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_VALUES_H
#define VGPU_TEST_CONF_VALUES_H

#include "test/conformance/runner.h"

/*
 * What cases record by CONF_VALUE() is the same with every driver, so it stands in a file: a line a
 * case, "call.name" and the values.  Without the file a wrong one shows only where two runs are
 * compared.
 */

/* Whether each case that passed recorded what the file says; says which did not.  False also when
 * it cannot be read. */
bool conf_values_are(const char *path, const struct conf_outcome *outcomes, size_t count);

/* Writes such a file.  0 or -errno. */
int conf_values_write(const char *path, const struct conf_outcome *outcomes, size_t count);

#endif
