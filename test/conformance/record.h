/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_RECORD_H
#define VGPU_TEST_CONF_RECORD_H

#include <stddef.h>

/* One recorded case, read back from a file of conf_report_json(). */
struct conf_record {
    char *call;
    char *kind;
    char *name;
    char *result;
    char *why;
    char *transcript;
};

/*
 * Reads the cases of a file, none where nothing was to run.  Gives an owned array
 * (conf_records_free()) and its length.  Returns 0, -errno, or -EINVAL for a file that is not ours.
 */
int conf_records_read(const char *path, struct conf_record **records, size_t *count);
void conf_records_free(struct conf_record *records, size_t count);

#endif
