/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_OPTIONS_H
#define CT_OPTIONS_H

#include "ctl/command.h"

/* Reads the command line; arguments may stand before and behind options.  The command to run, or
 * NULL: `error` says what is wrong. */
const struct ct_command *ct_options_parse(struct ct_options *options, int argc, char **argv,
                                          struct ct_error *error);

#endif
