/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/page_map.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/transport/transport.h"

/* What calls further down may need of a stack. */
#define STACK_BELOW (64u << 10)
#define STACK_ABOVE (4u << 10)

struct line {
    unsigned long from;
    unsigned long to;
    char access[5];
    unsigned long inode;
    const char *name; /* up to the end of the line */
};

static bool parse(const char *text, struct line *line)
{
    int name = 0;

    if (sscanf(text, "%lx-%lx %4s %*x %*x:%*x %lu %n", &line->from, &line->to, line->access,
               &line->inode, &name) < 4 ||
        name == 0) {
        return false;
    }
    line->name = text + name;
    return true;
}

/* Bytes of the range that suit, or -1 when the system does not tell.  Lines ascend; a long name's
 * rest is none. */
static int64_t count(uint64_t address, uint64_t bytes,
                     bool (*suits)(const struct line *line, unsigned long inode),
                     unsigned long inode)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    uint64_t end = address + bytes;
    int64_t found = 0;
    struct line line;
    char text[512];

    if (maps == NULL) {
        return -1;
    }
    while (fgets(text, sizeof(text), maps) != NULL) {
        if (parse(text, &line) && line.to > address && line.from < end && suits(&line, inode)) {
            found += (int64_t)((line.to < end ? line.to : end) -
                               (line.from > address ? line.from : address));
        }
    }
    (void)fclose(maps);
    return found;
}

static bool is_anonymous(const struct line *line, unsigned long inode)
{
    const char *name = line->name;

    (void)inode;
    return strcmp(line->access, "rw-p") == 0 && line->inode == 0 &&
           (*name == '\n' || *name == '\0' || strncmp(name, "[heap]", 6) == 0 ||
            strncmp(name, "[anon:", 6) == 0);
}

static bool is_of_file(const struct line *line, unsigned long inode)
{
    return strcmp(line->access, "rw-s") == 0 && line->inode == inode;
}

static bool holds(uint64_t address, uint64_t bytes, const void *place, uint64_t below,
                  uint64_t above)
{
    uint64_t at = (uint64_t)(uintptr_t)place;

    return at + above > address && at - below < address + bytes;
}

/* What this thread writes to without being asked: stack, errno, the thread's own block. */
static bool is_in_use(uint64_t address, uint64_t bytes)
{
    uint64_t block = (uint64_t)pthread_self();

    return holds(address, bytes, __builtin_frame_address(0), STACK_BELOW, STACK_ABOVE) ||
           holds(address, bytes, &errno, 0, 1) || (block >= address && block - address < bytes);
}

bool gs_page_map_is_private(uint64_t address, uint64_t bytes)
{
    return !is_in_use(address, bytes) && count(address, bytes, is_anonymous, 0) == (int64_t)bytes;
}

int64_t gs_page_map_channel_bytes(const struct gs_channel *channel, uint64_t address,
                                  uint64_t bytes)
{
    struct stat status;

    return fstat(channel->data_fd, &status) == 0 ? count(address, bytes, is_of_file, status.st_ino)
                                                 : -1;
}

bool gs_page_map_is_alone(const struct gs_channel *channel)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned int count = 0;
    const struct dirent *entry;

    if (tasks == NULL) {
        return false;
    }
    while ((entry = readdir(tasks)) != NULL) {
        count +=
            entry->d_name[0] != '.' &&
            (channel->holder == NULL || strtoul(entry->d_name, NULL, 10) != channel->holder_id);
    }
    (void)closedir(tasks);
    return count == 1;
}
