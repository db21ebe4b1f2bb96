/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/config.h"

_Static_assert(BR_VM_PATH_MAX < sizeof(((struct sockaddr_un *)0)->sun_path), "socket path");

static const char name_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool br_roster_name_is_good(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= BR_VM_NAME_MAX && strspn(name, name_bytes) == len;
}

static const char *check(const struct br_roster *roster, const char *name, const char *path)
{
    if (!br_roster_name_is_good(name)) {
        return "a name has 1 to 64 bytes of A-Z a-z 0-9 . _ -";
    }
    if (path[0] != '/' || strlen(path) > BR_VM_PATH_MAX || vgpu_config_has_control(path)) {
        return "wanted an absolute path of at most 107 bytes, without control bytes";
    }
    for (size_t i = 0; i < roster->count; i++) {
        if (strcmp(roster->entries[i].name, name) == 0) {
            return "the name is repeated";
        }
    }
    if (br_roster_find_path(roster, path) != NULL) {
        return "the path is another machine's";
    }
    return roster->count == BR_ROSTER_MAX ? "more than 256 machines" : NULL;
}

static const char *append(struct br_roster *roster, const char *name, const char *path)
{
    struct br_roster_entry entry = {.name = strdup(name), .path = strdup(path)};
    struct br_roster_entry *grown =
        realloc(roster->entries, (roster->count + 1) * sizeof(*roster->entries));

    if (grown != NULL) {
        roster->entries = grown;
    }
    if (entry.name == NULL || entry.path == NULL || grown == NULL) {
        free(entry.name);
        free(entry.path);
        return "no memory";
    }
    roster->entries[roster->count++] = entry;
    return NULL;
}

const char *br_roster_add(struct br_roster *roster, const char *name, const char *path)
{
    const char *wrong = check(roster, name, path);

    return wrong != NULL ? wrong : append(roster, name, path);
}

const char *br_roster_add_pair(struct br_roster *roster, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char name[BR_VM_NAME_MAX + 2];

    if (equals == NULL) {
        return "wanted NAME=PATH";
    }
    /* One byte more than a name may have: a longer one is seen. */
    (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - pair), pair);
    return br_roster_add(roster, name, equals + 1);
}

const char *br_roster_find_path(const struct br_roster *roster, const char *path)
{
    for (size_t i = 0; i < roster->count; i++) {
        if (strcmp(roster->entries[i].path, path) == 0) {
            return roster->entries[i].name;
        }
    }
    return NULL;
}

void br_roster_fini(struct br_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        free(roster->entries[i].name);
        free(roster->entries[i].path);
    }
    free(roster->entries);
    *roster = (struct br_roster){0};
}
