/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <string.h>

/* Texture objects: what they say of themselves, and what is refused. */

static CUDA_RESOURCE_DESC over_array(void)
{
    return conf_resource(conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 4, 0, 0));
}

static CUDA_RESOURCE_DESC pitched(void)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_PITCH2D};

    what.res.pitch2D.devPtr = conf_memory(512ul * 16);
    what.res.pitch2D.format = CU_AD_FORMAT_FLOAT;
    what.res.pitch2D.numChannels = 1;
    what.res.pitch2D.width = 20;
    what.res.pitch2D.height = 16;
    what.res.pitch2D.pitchInBytes = 512;
    return what;
}

static CUDA_RESOURCE_DESC linear(void)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_LINEAR};

    what.res.linear.devPtr = conf_memory(4096);
    what.res.linear.format = CU_AD_FORMAT_FLOAT;
    what.res.linear.numChannels = 1;
    what.res.linear.sizeInBytes = 4096;
    return what;
}

static void refused(const CUDA_RESOURCE_DESC *what)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUtexObject texture = 0;

    CONF_RESULT(cuTexObjectCreate(&texture, what, &how, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectCreate, null_out)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    CONF_RESULT(cuTexObjectCreate(NULL, &what, &how, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectCreate, null_descriptors)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    CUtexObject texture = 0;

    conf_context();
    what = over_array();
    CONF_RESULT(cuTexObjectCreate(&texture, NULL, &how, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuTexObjectCreate(&texture, &what, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectCreate, unknown_resource)
{
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    what.resType = (CUresourcetype)9;
    refused(&what);
}

CONF_NEGATIVE(cuTexObjectCreate, flags_of_the_resource)
{
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    what.flags = 1;
    refused(&what);
}

CONF_NEGATIVE(cuTexObjectCreate, linear_memory_that_is_not_there)
{
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = linear();
    what.res.linear.numChannels = 3;
    refused(&what);
    what.res.linear.numChannels = 1;
    what.res.linear.devPtr = 0;
    refused(&what);
}

CONF_NEGATIVE(cuTexObjectCreate, linear_memory_at_an_odd_address)
{
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = linear();
    what.res.linear.devPtr += 16;
    what.res.linear.sizeInBytes -= 16;
    refused(&what);
}

CONF_POSITIVE(cuTexObjectCreate, rows_longer_than_the_pitch)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    CUtexObject texture = 0;

    conf_context();
    what = pitched();
    what.res.pitch2D.width = 129;
    CONF_OK(cuTexObjectCreate(&texture, &what, &how, NULL));
}

CONF_NEGATIVE(cuTexObjectCreate, a_pitch_that_is_not_aligned)
{
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = pitched();
    what.res.pitch2D.pitchInBytes = 84;
    refused(&what);
}

CONF_NEGATIVE(cuTexObjectCreate, no_context)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUtexObject texture = 0;

    conf_device();
    CONF_RESULT(cuTexObjectCreate(&texture, &what, &how, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuTexObjectDestroy, again_and_again)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    int refusals = 0;

    conf_context();
    what = over_array();
    for (unsigned int i = 0; i < 200; i++) {
        CUtexObject texture = 0;

        refusals += drv.cuTexObjectCreate(&texture, &what, &how, NULL) != CUDA_SUCCESS;
        refusals += drv.cuTexObjectDestroy(texture) != CUDA_SUCCESS;
    }
    CONF_VALUE(refusals);
    CONF_EXPECT(refusals == 0);
}

CONF_POSITIVE(cuTexObjectDestroy, never_made)
{
    conf_context();
    CONF_OK(cuTexObjectDestroy(0x123456));
}

CONF_NEGATIVE(cuTexObjectDestroy, no_context)
{
    conf_device();
    CONF_RESULT(cuTexObjectDestroy(1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuTexObjectGetResourceDesc, as_made)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    CUDA_RESOURCE_DESC seen;

    memset(&seen, 0xff, sizeof(seen));
    conf_context();
    what = pitched();
    CONF_OK(cuTexObjectGetResourceDesc(&seen, conf_texture(&what, &how, NULL)));
    CONF_EXPECT(seen.resType == CU_RESOURCE_TYPE_PITCH2D &&
                seen.res.pitch2D.devPtr == what.res.pitch2D.devPtr);
    CONF_VALUE(seen.res.pitch2D.width);
    CONF_VALUE(seen.res.pitch2D.height);
    CONF_VALUE(seen.res.pitch2D.pitchInBytes);
    CONF_VALUE(seen.res.pitch2D.format);
    what = over_array();
    CONF_OK(cuTexObjectGetResourceDesc(&seen, conf_texture(&what, &how, NULL)));
    CONF_EXPECT(seen.resType == CU_RESOURCE_TYPE_ARRAY &&
                seen.res.array.hArray == what.res.array.hArray);
}

CONF_NEGATIVE(cuTexObjectGetResourceDesc, null_out)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    CONF_RESULT(cuTexObjectGetResourceDesc(NULL, conf_texture(&what, &how, NULL)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectGetResourceDesc, never_made)
{
    CUDA_RESOURCE_DESC seen;

    conf_context();
    CONF_EITHER(cuTexObjectGetResourceDesc(&seen, 0x123456), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuTexObjectGetTextureDesc, as_made)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_TEXTURE_DESC seen;
    CUDA_RESOURCE_DESC what;

    memset(&seen, 0xff, sizeof(seen));
    conf_context();
    how.flags = CU_TRSF_NORMALIZED_COORDINATES;
    how.addressMode[1] = CU_TR_ADDRESS_MODE_WRAP;
    how.filterMode = CU_TR_FILTER_MODE_LINEAR;
    what = over_array();
    CONF_OK(cuTexObjectGetTextureDesc(&seen, conf_texture(&what, &how, NULL)));
    CONF_VALUE(seen.flags);
    CONF_VALUE(seen.filterMode);
    CONF_VALUE(seen.addressMode[0]);
    CONF_VALUE(seen.addressMode[1]);
}

CONF_NEGATIVE(cuTexObjectGetTextureDesc, null_out)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    CONF_RESULT(cuTexObjectGetTextureDesc(NULL, conf_texture(&what, &how, NULL)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectGetTextureDesc, never_made)
{
    CUDA_TEXTURE_DESC seen;

    conf_context();
    CONF_EITHER(cuTexObjectGetTextureDesc(&seen, 0x123456), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuTexObjectGetResourceViewDesc, as_made)
{
    CUDA_RESOURCE_VIEW_DESC view = {
        .format = CU_RES_VIEW_FORMAT_FLOAT_1X32, .width = 8, .height = 4};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_VIEW_DESC seen;
    CUDA_RESOURCE_DESC what;

    memset(&seen, 0xff, sizeof(seen));
    conf_context();
    what = over_array();
    CONF_OK(cuTexObjectGetResourceViewDesc(&seen, conf_texture(&what, &how, &view)));
    CONF_VALUE(seen.format);
    CONF_VALUE(seen.width);
    CONF_VALUE(seen.height);
    CONF_VALUE(seen.lastMipmapLevel);
}

CONF_NEGATIVE(cuTexObjectGetResourceViewDesc, null_out)
{
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = over_array();
    CONF_RESULT(cuTexObjectGetResourceViewDesc(NULL, conf_texture(&what, &how, NULL)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTexObjectGetResourceViewDesc, never_made)
{
    CUDA_RESOURCE_VIEW_DESC seen;

    conf_context();
    CONF_EITHER(cuTexObjectGetResourceViewDesc(&seen, 0x123456), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_INVALID_HANDLE);
}
