/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/source.h"

const struct ex_source *ex_source_of(const struct ex_options *options)
{
    return ex_options_unit(options) ? &ex_source_unit : &ex_source_fork;
}
