/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/tools/info.h"

#define CACHE       "/etc/ld.so.cache"
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CACHE_MAX   (64u << 20)
/* ELF of the C library 6 for x86-64. */
#define CACHE_OURS 0x0303

/* The file that ldconfig(8) writes; offsets count from its header. */
struct cache_header {
    char magic[20];
    uint32_t count;
    uint32_t unused[6];
};

struct cache_entry {
    int32_t flags;
    uint32_t name;
    uint32_t path;
    uint32_t unused[3];
};

struct cache {
    char *file;
    size_t size;
    const char *header; /* in the file; NULL: there is none */
    uint32_t count;
};

bool info_is_same(const char *a, const char *b)
{
    struct stat of_a;
    struct stat of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

bool info_find_beside(const char *name, char path[static INFO_PATH])
{
    static const char *const places[] = {"../" VGPU_LIBRARY_DIR, "../lib/vgpu", "../libcuda",
                                         "../libnvml"};
    char self[INFO_PATH - 96];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (len <= 0) {
        return false;
    }
    self[len] = '\0';
    slash = strrchr(self, '/');
    *slash = '\0';
    for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(path, INFO_PATH, "%s/%s/%s", self, places[i], name);
        if (access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

void info_path_of(void *handle, char path[static INFO_PATH])
{
    struct link_map *map;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        (void)snprintf(path, INFO_PATH, "%s", map->l_name);
    }
}

static void cache_path(char path[static INFO_PATH])
{
    const char *root = secure_getenv("VGPU_SYSFS");

    if (root != NULL && *root != '\0') {
        (void)snprintf(path, INFO_PATH, "%s/ld.so.cache", root);
    } else {
        (void)snprintf(path, INFO_PATH, CACHE);
    }
}

static size_t read_file(const char *path, char **bytes)
{
    FILE *file = fopen(path, "re");
    struct stat of_file;
    size_t size = 0;

    *bytes = NULL;
    if (file != NULL && fstat(fileno(file), &of_file) == 0 && of_file.st_size > 0 &&
        of_file.st_size < (off_t)CACHE_MAX) {
        *bytes = malloc((size_t)of_file.st_size);
        if (*bytes != NULL) {
            size = fread(*bytes, 1, (size_t)of_file.st_size, file);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return size;
}

/* Older systems put the header behind a cache of an older form. */
static void open_cache(struct cache *cache)
{
    struct cache_header header;
    char path[INFO_PATH];
    size_t rest;

    *cache = (struct cache){.file = NULL};
    cache_path(path);
    cache->size = read_file(path, &cache->file);
    cache->header = cache->size > 0
                        ? memmem(cache->file, cache->size, CACHE_MAGIC, sizeof(CACHE_MAGIC) - 1)
                        : NULL;
    if (cache->header == NULL) {
        return;
    }
    rest = cache->size - (size_t)(cache->header - cache->file);
    if (rest < sizeof(header)) {
        cache->header = NULL;
        return;
    }
    memcpy(&header, cache->header, sizeof(header));
    rest = (rest - sizeof(header)) / sizeof(struct cache_entry);
    cache->count = header.count < rest ? header.count : (uint32_t)rest;
}

/* A text of the file that ends within it; else "". */
static const char *cache_text(const struct cache *cache, uint32_t offset)
{
    size_t rest = cache->size - (size_t)(cache->header - cache->file);
    const char *text = cache->header + offset;

    return offset < rest && memchr(text, '\0', rest - offset) != NULL ? text : "";
}

/* The path of entry `index` if it is one of this name, else NULL. */
static const char *cache_entry(const struct cache *cache, uint32_t index, const char *name)
{
    struct cache_entry entry;

    memcpy(&entry, cache->header + sizeof(struct cache_header) + index * sizeof(entry),
           sizeof(entry));
    return entry.flags == CACHE_OURS && strcmp(cache_text(cache, entry.name), name) == 0
               ? cache_text(cache, entry.path)
               : NULL;
}

void info_find_rival(const char *name, const char *ours, struct info_rival *rival)
{
    struct cache cache;

    *rival = (struct info_rival){.ours_first = false};
    open_cache(&cache);
    for (uint32_t i = 0; cache.header != NULL && i < cache.count; i++) {
        const char *path = cache_entry(&cache, i, name);

        if (path == NULL || access(path, R_OK) != 0) {
            continue;
        }
        if (info_is_same(path, ours)) {
            rival->ours_first = rival->ours_first || rival->path[0] == '\0';
        } else if (rival->path[0] == '\0') {
            (void)snprintf(rival->path, sizeof(rival->path), "%s", path);
        }
    }
    free(cache.file);
}

bool info_has_node(void)
{
    static const char *const nodes[] = {"/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"};
    const char *root = secure_getenv("VGPU_SYSFS");
    char path[INFO_PATH];
    bool found = false;

    for (unsigned int i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", root != NULL ? root : "", nodes[i]);
        found = found || access(path, F_OK) == 0;
    }
    return found;
}

/* NVIDIA's libraries have their driver's version at the end of the file's name. */
void info_describe(const char *path, char text[static INFO_WHOSE])
{
    char *real = realpath(path, NULL);
    const char *version = real != NULL ? strstr(real, ".so.") : NULL;
    unsigned long major = version != NULL ? strtoul(version + 4, NULL, 10) : 0;

    if (major >= 100) {
        (void)snprintf(text, INFO_WHOSE, " (of NVIDIA's driver %.24s)", version + 4);
    } else {
        text[0] = '\0';
    }
    free(real);
}
