/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_CONFIG_H
#define VGPU_COMMON_CONFIG_H

/*
 * Settings of a program from an INI file, by a table:
 *
 *     static const struct vgpu_config_key keys[] = {
 *         {"broker", "socket", VGPU_CONFIG_PATH, offsetof(struct options, socket),
 *          "/run/vgpu/broker.sock", "guests connect here"},
 *         {"broker", "sessions_max", VGPU_CONFIG_U32, offsetof(struct options, sessions_max),
 *          "256", "sessions at once", .min = 1, .max = 4096},
 *     };
 *
 * Unknown sections, unknown keys, repeated keys and bad values are refused with
 * file and line.  A section may also leave the choice of its keys to the file
 * (struct vgpu_config_open).  Call everything from one thread, before the program's
 * own work.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Most rows of a table. */
#define VGPU_CONFIG_KEYS_MAX 64
/* Longest line of a file with its end, a bound of the parser. */
#define VGPU_CONFIG_LINE_MAX 198
/* What a U32_AUTO field holds after "auto". */
#define VGPU_CONFIG_AUTO UINT32_MAX

/* Type of a key, and of the field that receives it. */
enum vgpu_config_type {
    VGPU_CONFIG_STRING,   /* char *, owned by the values; not empty, no control bytes */
    VGPU_CONFIG_PATH,     /* the same; begins with '/' */
    VGPU_CONFIG_U32,      /* uint32_t, decimal, min to max */
    VGPU_CONFIG_U32_AUTO, /* the same, or "auto": VGPU_CONFIG_AUTO */
    VGPU_CONFIG_ENUM,     /* uint32_t: index of the word in names */
    VGPU_CONFIG_MODE,     /* uint32_t: permission bits, octal, 0 to 0777 */
    VGPU_CONFIG_BOOL,     /* bool: yes, no, true, false, on, off, 1, 0 */
};

struct vgpu_config_key {
    const char *section;
    const char *key;
    enum vgpu_config_type type;
    size_t offset;       /* of the field in the program's struct */
    const char *initial; /* the default, as it would stand in the file */
    const char *doc;     /* one line for --help-config */
    uint32_t min;
    uint32_t max;
    const char *const *names; /* ENUM: its words, ends with NULL */
};

/* A section whose keys are names that the file chooses. */
struct vgpu_config_open {
    const char *section;
    /* Takes one pair, copying what it keeps.  NULL, or what is wrong, in words that live on. */
    const char *(*take)(void *owner, const char *name, const char *value);
    void *owner; /* borrowed */
};

struct vgpu_config {
    const struct vgpu_config_key *keys;
    size_t count;
    const struct vgpu_config_open *open; /* such sections, ends with one without name; or NULL */
    /* Sections of other programs: accepted unchecked.  Ends with NULL; NULL for none. */
    const char *const *foreign;
    void *values;    /* the program's struct, borrowed; zeroed before the first use */
    uint64_t seen;   /* bit i: the file last loaded has key i */
    char error[400]; /* after a failure: what was wrong, one line */
};

/* Sets every field to its default.  0; -ENOMEM; -EINVAL is a mistake in the table. */
int vgpu_config_defaults(struct vgpu_config *config);

/* Whether the text holds a control byte: no name of ours and no path that somebody means does, and
 * logs and terminals show them.  For `take` of an open section. */
bool vgpu_config_has_control(const char *text);

/* Reads a file over what is set.  0, or -errno with config->error "FILE:LINE: what" (-EINVAL) or
 * "FILE: what"; fields that lines before it set keep their new values. */
int vgpu_config_load(struct vgpu_config *config, const char *path);

/* Sets one key from "section.key=value" (an option --set), in an open section too.  0, or -errno
 * with config->error. */
int vgpu_config_set(struct vgpu_config *config, const char *assignment);

/* Whether a key has the same value in two of the program's structs. */
bool vgpu_config_same(const struct vgpu_config_key *key, const void *a, const void *b);

/* Frees the strings in the values and sets them to NULL. */
void vgpu_config_fini(struct vgpu_config *config);

/* Writes the table for --help-config: sections, keys, types, defaults, one line of text each. */
void vgpu_config_print_keys(const struct vgpu_config_key *keys, size_t count, FILE *to);

#endif
