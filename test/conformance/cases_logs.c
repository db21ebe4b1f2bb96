/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The messages themselves are every driver's own. */

struct heard {
    unsigned int count;
    size_t length;
    size_t text_length;
};

static void listen(void *data, CUlogLevel level, char *message, size_t length)
{
    struct heard *heard = data;

    (void)level;
    heard->count++;
    heard->length = length;
    heard->text_length = strlen(message);
}

/* A call that fails and says so. */
static void fail(void)
{
    (void)drv.cuModuleLoadData(NULL, NULL);
}

CONF_POSITIVE(cuLogsRegisterCallback, hears_a_failure)
{
    CUlogsCallbackHandle handle = NULL;
    struct heard heard = {0};

    conf_context();
    CONF_OK(cuLogsRegisterCallback(listen, &heard, &handle));
    CONF_EXPECT(handle != NULL);
    fail();
    CONF_VALUE(heard.count > 0);
    CONF_OK(cuLogsUnregisterCallback(handle));
    heard.count = 0;
    fail();
    CONF_EXPECT(heard.count == 0);
}

CONF_POSITIVE(cuLogsRegisterCallback, no_handle_wanted)
{
    struct heard heard = {0};

    conf_context();
    CONF_OK(cuLogsRegisterCallback(listen, &heard, NULL));
}

CONF_NEGATIVE(cuLogsRegisterCallback, no_function)
{
    CUlogsCallbackHandle handle = NULL;

    conf_context();
    CONF_RESULT(cuLogsRegisterCallback(NULL, NULL, &handle), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLogsRegisterCallback, no_function_no_handle)
{
    conf_context();
    CONF_RESULT(cuLogsRegisterCallback(NULL, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLogsUnregisterCallback, one_of_two)
{
    CUlogsCallbackHandle first = NULL, second = NULL;
    struct heard one = {0}, two = {0};

    conf_context();
    CONF_SETUP(cuLogsRegisterCallback(listen, &one, &first));
    CONF_SETUP(cuLogsRegisterCallback(listen, &two, &second));
    CONF_OK(cuLogsUnregisterCallback(first));
    fail();
    CONF_EXPECT(one.count == 0);
    CONF_VALUE(two.count > 0);
}

CONF_NEGATIVE(cuLogsUnregisterCallback, null)
{
    conf_context();
    CONF_RESULT(cuLogsUnregisterCallback(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLogsCurrent, moves_on)
{
    CUlogIterator before = 0, after = 0;

    conf_context();
    CONF_OK(cuLogsCurrent(&before, 0));
    fail();
    CONF_OK(cuLogsCurrent(&after, 0));
    CONF_VALUE(after != before);
}

CONF_NEGATIVE(cuLogsCurrent, null)
{
    conf_context();
    CONF_RESULT(cuLogsCurrent(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLogsCurrent, any_flags)
{
    CUlogIterator at = 0;

    conf_context();
    CONF_OK(cuLogsCurrent(&at, 1));
}

CONF_POSITIVE(cuLogsDumpToMemory, what_is_new)
{
    static char text[25600];
    size_t size = sizeof(text);
    CUlogIterator at = 0;

    conf_context();
    CONF_SETUP(cuLogsCurrent(&at, 0));
    fail();
    CONF_OK(cuLogsDumpToMemory(&at, text, &size, 0));
    CONF_EXPECT(size < sizeof(text) && text[size] == '\0');
    CONF_VALUE(size > 0 && text[size - 1] == '\n');
    size = sizeof(text);
    CONF_OK(cuLogsDumpToMemory(&at, text, &size, 0));
    CONF_EXPECT(size == 0);
}

CONF_POSITIVE(cuLogsDumpToMemory, all)
{
    static char text[25600];
    size_t size = sizeof(text);

    conf_context();
    for (int i = 0; i < 500; i++) {
        fail();
    }
    CONF_OK(cuLogsDumpToMemory(NULL, text, &size, 0));
    CONF_EXPECT(size < sizeof(text) && text[size] == '\0');
}

CONF_NEGATIVE(cuLogsDumpToMemory, no_room)
{
    CUlogIterator at = 0;
    size_t size = 1;
    char byte = 'x';

    conf_context();
    CONF_SETUP(cuLogsCurrent(&at, 0));
    fail();
    CONF_RESULT(cuLogsDumpToMemory(&at, &byte, &size, 0), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(size == 0);
}

CONF_NEGATIVE(cuLogsDumpToMemory, no_buffer)
{
    size_t size = 100;

    conf_context();
    CONF_RESULT(cuLogsDumpToMemory(NULL, NULL, &size, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLogsDumpToMemory, no_size)
{
    char text[100];

    conf_context();
    CONF_RESULT(cuLogsDumpToMemory(NULL, text, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLogsDumpToMemory, any_flags)
{
    char text[1000];
    size_t size = sizeof(text);

    conf_context();
    CONF_OK(cuLogsDumpToMemory(NULL, text, &size, 1));
}

CONF_POSITIVE(cuLogsDumpToFile, all)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    int fd = mkstemp(path);
    char byte = 0;

    if (fd < 0) {
        conf_skip("no temporary file");
    }
    conf_context();
    fail();
    CONF_OK(cuLogsDumpToFile(NULL, path, 0));
    CONF_VALUE(read(fd, &byte, 1) == 1);
    (void)close(fd);
    (void)unlink(path);
}

CONF_NEGATIVE(cuLogsDumpToFile, no_path)
{
    conf_context();
    CONF_RESULT(cuLogsDumpToFile(NULL, NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLogsDumpToFile, flags)
{
    conf_context();
    CONF_RESULT(cuLogsDumpToFile(NULL, "/nonexistent/file", 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLogsDumpToFile, no_such_folder)
{
    conf_context();
    CONF_EITHER(cuLogsDumpToFile(NULL, "/nonexistent/file", 0), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_FILE_NOT_FOUND);
}
