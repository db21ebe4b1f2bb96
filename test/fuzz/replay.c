/* SPDX-License-Identifier: Apache-2.0 */

/*
 * replay_NAME PATH...
 *
 *   each file, or each file of a folder --> exact-size copy --> LLVMFuzzerTestOneInput()
 *   Then every prefix of up to PREFIX_MAX bytes of it, as a peer that stops early would send.
 */
#include "test/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/io.h"

#define INPUT_MAX  ((off_t)16 << 20)
#define PREFIX_MAX 256
#define PATH_CAP   1024

/* An allocation of its own size, so that a sanitizer sees reads past its end. */
static int feed(const uint8_t *bytes, size_t size)
{
    VGPU_CLEANUP_FREE uint8_t *copy = malloc(size == 0 ? 1 : size);

    if (copy == NULL) {
        return -ENOMEM;
    }
    memcpy(copy, bytes, size);
    return LLVMFuzzerTestOneInput(copy, size) == 0 ? 0 : -EINVAL;
}

static int replay_bytes(const uint8_t *bytes, size_t size)
{
    for (size_t cut = 0; cut < size && cut < PREFIX_MAX; cut++) {
        int rc = feed(bytes, cut);

        if (rc != 0) {
            return rc;
        }
    }
    return feed(bytes, size);
}

static int replay_file(int fd, off_t size)
{
    VGPU_CLEANUP_FREE uint8_t *bytes = NULL;
    ssize_t got;

    if (size > INPUT_MAX) {
        return -EFBIG;
    }
    bytes = malloc(size == 0 ? 1 : (size_t)size);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    got = vgpu_read_full(fd, bytes, (size_t)size);
    return got < 0 ? (int)got : replay_bytes(bytes, (size_t)got);
}

static int replay_path(const char *path, size_t *count);

static int replay_folder(const char *path, size_t *count)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int rc = 0;

    if (dir == NULL) {
        return -errno;
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char name[PATH_CAP];

        if (entry->d_name[0] == '.') {
            continue;
        }
        if ((size_t)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= sizeof(name)) {
            rc = -ENAMETOOLONG;
        } else {
            rc = replay_path(name, count);
        }
    }
    (void)closedir(dir);
    return rc;
}

static int replay_path(const char *path, size_t *count)
{
    VGPU_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return -errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return replay_folder(path, count);
    }
    (*count)++;
    return replay_file(fd, st.st_size);
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        int rc = replay_path(argv[i], &count);

        if (rc != 0) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(-rc));
            return 1;
        }
    }
    printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
