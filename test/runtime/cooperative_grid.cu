// SPDX-License-Identifier: Apache-2.0
// Co-operative launches: a sum over the grid in rounds, with grid-wide barriers; a grid that
// does not fit.
#include <cooperative_groups.h>
#include "rt.cuh"

namespace cg = cooperative_groups;

#define COUNT 1024

// Halves the number of partial sums in each round.
__global__ void sum(int *data, int n)
{
    cg::grid_group grid = cg::this_grid();
    for (int width = n / 2; width > 0; width /= 2) {
        for (unsigned i = grid.thread_rank(); i < static_cast<unsigned>(width); i += grid.size()) {
            data[i] += data[i + width];
        }
        grid.sync();
    }
    if (grid.thread_rank() == 0) {
        data[1] = static_cast<int>(grid.size());
    }
}

__global__ void plain(int *valid)
{
    *valid = cg::this_grid().is_valid();
}

int main()
{
    int supported = 0, units = 0, per_unit = 0, count = COUNT;
    RT_OK(cudaDeviceGetAttribute(&supported, cudaDevAttrCooperativeLaunch, 0));
    printf("co-operative launch: %d\n", supported);
    RT_CHECK(supported == 1);
    std::vector<int> values(COUNT);
    int wanted = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i] = i * 3 + 1;
        wanted += values[i];
    }
    int *data = rt_upload(values);
    void *args[] = {&data, &count};
    RT_IS(cudaLaunchCooperativeKernel(sum, dim3(4), dim3(64), args, 0, 0), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> out = rt_download(data, 2);
    printf("sum %d of %d threads\n", out[0], out[1]);
    RT_CHECK(out[0] == wanted && out[1] == 256);

    plain<<<1, 1>>>(data);
    printf("a plain grid: %d\n", rt_download(data, 1)[0]);
    RT_OK(cudaDeviceGetAttribute(&units, cudaDevAttrMultiProcessorCount, 0));
    RT_OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_unit, sum, 1024, 0));
    RT_IS(cudaLaunchCooperativeKernel(sum, dim3(units * per_unit + 1), dim3(1024), args, 0, 0),
          cudaErrorCooperativeLaunchTooLarge);
    RT_IS(cudaGetLastError(), cudaErrorCooperativeLaunchTooLarge);
    RT_IS(cudaGetLastError(), cudaSuccess);
    RT_OK(cudaFree(data));
    return rt_end("cooperative_grid");
}
