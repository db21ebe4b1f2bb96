/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_LIMITS_H
#define VGPU_LIMITS_H

/*
 * Every bound of the protocol, with its reason.  docs/specs/wire.md repeats the
 * table; a test compares the two.
 */

/* Version of the protocol: frames, rings, channel layout.  Must be equal on both sides. */
#define VGPU_PROTOCOL_VERSION 1u

/* The oldest driver that a worker uses, as cuDriverGetVersion counts: cuFuncGetParamInfo came then.
 */
#define VGPU_DRIVER_VERSION_MIN 12040u

/* Largest frame after its length prefix: a hostile frame costs at most this before it is refused.
 */
#define VGPU_FRAME_BYTES_MAX 65536u
/* Bytes of the little-endian length prefix of a frame. */
#define VGPU_FRAME_PREFIX_BYTES 4u
/* Heap that unpacking one frame may take: protobuf-c expands hostile input 44 times. */
#define VGPU_FRAME_ARENA_BYTES 262144u
/* Descriptors that one frame may carry: memfd, doorbell, interrupt. */
#define VGPU_FRAME_FDS_MAX 3u

/* Largest call record with its header: 32,764 bytes of kernel parameters and room for the rest. */
#define VGPU_RECORD_BYTES_MAX 49152u
/* Header of a call record, and its alignment in the ring. */
#define VGPU_RECORD_HEADER_BYTES 16u
#define VGPU_RECORD_ALIGN        8u
/* Record bytes that one Submit or Complete frame carries: a record always fits. */
#define VGPU_BATCH_BYTES_MAX 61440u

/* Channel layout (docs/specs/wire.md): fixed offsets, one memfd a channel. */
#define VGPU_CHANNEL_STATE_OFFSET        0x1000u
#define VGPU_CHANNEL_FENCES_OFFSET       0x4000u
#define VGPU_CHANNEL_PROGRESS_OFFSET     0xc000u
#define VGPU_CHANNEL_BEACONS_OFFSET      0x10000u
#define VGPU_CHANNEL_CONSOLE_OFFSET      0x20000u
#define VGPU_CHANNEL_CONSOLE_DATA_OFFSET 0x30000u
#define VGPU_CHANNEL_CONSOLE_BYTES       0x10000u
#define VGPU_CHANNEL_COMPLETE_OFFSET     0x40000u
#define VGPU_CHANNEL_COMPLETE_BYTES      0x40000u
#define VGPU_CHANNEL_SUBMIT_OFFSET       0x100000u
#define VGPU_CHANNEL_SUBMIT_BYTES        0x100000u
#define VGPU_CHANNEL_DATA_OFFSET         0x200000u
/* Sizes a channel may have: sparse, so the default costs only what is touched. */
#define VGPU_CHANNEL_BYTES_MIN     0x1000000ull
#define VGPU_CHANNEL_BYTES_DEFAULT 0x40000000ull
#define VGPU_CHANNEL_BYTES_MAX     0x100000000ull

/* Guest threads of a process known at once: each has a lane and a fence slot of its own. */
#define VGPU_LANES_MAX 4096u
/* Further fence slots, with which streams and events tell queries that they are done: two for each
 * stream, and others for events that are asked for without having been announced. */
#define VGPU_BEACONS_MAX 8192u
/* Handles per kind and session; the guest answers native's code for exhaustion. */
#define VGPU_STREAMS_MAX   2048u
#define VGPU_EVENTS_MAX    65536u
#define VGPU_MODULES_MAX   65536u
#define VGPU_FUNCTIONS_MAX 1048576u
#define VGPU_CONTEXTS_MAX  256u
/* Link states of a session: each holds its result in the worker. */
#define VGPU_LINKS_MAX 256u
/* Libraries and kernels of a guest process; the host knows neither. */
#define VGPU_LIBRARIES_MAX 65536u
#define VGPU_KERNELS_MAX   1048576u
/* Device memory that a worker asks for at a time; it gives back what is more than twice that. */
#define VGPU_MEMORY_STEP 0x4000000ull
/* What a session may have that has no ledger: more than any card has, and sums do not overflow. */
#define VGPU_MEMORY_ALL 0x1000000000000ull
/* Device allocations of a session. */
#define VGPU_ALLOCATIONS_MAX 1048576u
/* Physical allocations of a session (cuMemCreate): 128 GiB in pieces of 2 MiB. */
#define VGPU_PHYSICALS_MAX 65536u
/* Places at which they are mapped. */
#define VGPU_MAPPINGS_MAX 131072u
/* Address ranges that a process reserves for them. */
#define VGPU_RESERVATIONS_MAX 4096u
/* Arrays (levels of mipmapped ones included), mipmapped arrays, texture and surface objects. */
#define VGPU_ARRAYS_MAX   65536u
#define VGPU_MIPMAPS_MAX  16384u
#define VGPU_TEXTURES_MAX 65536u
/* Width, height and depth of an array: above any device's. */
#define VGPU_ARRAY_SIDE_MAX 1048576u
/* Texture and resource view descriptors as cuda.h has them: 104 and 112 bytes. */
#define VGPU_TEXTURE_BYTES_MAX 128u
/* Host slabs (registered parts of the window) of a session. */
#define VGPU_HOST_SLABS_MAX 1024u

/* Unfinished operations of one stream: the guest waits at the first, the worker ends the session
 * at the second; the driver itself blocks the caller at the 1,022nd. */
#define VGPU_STREAM_DEPTH_GUEST  900u
#define VGPU_STREAM_DEPTH_WORKER 1000u
/* The worker publishes a stream's progress every so many operations. */
#define VGPU_PROGRESS_STEP 64u

/* Host functions on their way in streams, and in graphs, at once: more than streams can hold of
 * them without being full. */
#define VGPU_HOST_CALLS_MAX 262144u

/* Executable graphs of a session, the nodes of one, and what all of them may cost the worker: a
 * graph is charged VGPU_GRAPH_NODE_BYTES, and so is a node, with what its record holds and
 * VGPU_GRAPH_DEP_BYTES for each node that it follows; also when it has been destroyed, until it
 * has run.  Above it graphs become CUDA_ERROR_OUT_OF_MEMORY. */
#define VGPU_GRAPH_EXECS_MAX  16384u
#define VGPU_GRAPH_NODES_MAX  65536u
#define VGPU_GRAPH_BYTES_MAX  1073741824u
#define VGPU_GRAPH_NODE_BYTES 1024u
#define VGPU_GRAPH_DEP_BYTES  64u
/* Nodes of all graphs of a guest process. */
#define VGPU_GRAPH_NODES_LIVE_MAX 524288u
/* Nodes that one node follows in an executable graph (the guest joins more by empty nodes). */
#define VGPU_GRAPH_DEPS_MAX 1024u
/* Edges that one call can be asked for. */
#define VGPU_GRAPH_EDGES_MAX 16777216u
/* Graphs of a guest process, and user objects. */
#define VGPU_GRAPHS_MAX       65536u
#define VGPU_USER_OBJECTS_MAX 65536u

/* Entries of one batch of stream memory operations: native's limit. */
#define VGPU_MEM_OPS_MAX 256u

/* Module image: larger than any library's cubin seen (60 MB), small enough to copy. */
#define VGPU_MODULE_BYTES_MAX 0x10000000ull
/* Keys of cached code: made with SHA-256. */
#define VGPU_CACHE_KEY_BYTES 32u
/* Smallest image that a guest asks the cache for: below it asking costs what sending does. */
#define VGPU_CACHE_BYTES_MIN 0x100000u
/* Largest that is cached: freeing so much holds the broker up for some 5 ms. */
#define VGPU_CACHE_BYTES_MAX 0x8000000u
/* Code that a session has loaded or is linking: images of its modules, inputs and results of its
 * link states.  Several times what a large framework loads at once. */
#define VGPU_CODE_BYTES_MAX 0x200000000ull
/* Attributes of one launch; CUDA 13.0 has 16. */
#define VGPU_LAUNCH_ATTRIBUTES_MAX 32u
/* Kernel parameters of one launch (CUDA 12.1 and later, sm_70 and later). */
#define VGPU_PARAM_BYTES_MAX 32764u
/* Parameters of one kernel that have a layout of their own. */
#define VGPU_PARAMS_MAX 2048u
/* Kernel and variable names: mangled C++ names are long. */
#define VGPU_NAME_BYTES_MAX 32768u
/* JIT log text that travels back, each of two. */
#define VGPU_JIT_LOG_BYTES_MAX 8192u
/* JIT options of one load. */
#define VGPU_JIT_OPTIONS_MAX 64u
/* Short texts in control frames: versions, device names, reasons. */
#define VGPU_TEXT_BYTES_MAX 256u

/* Processes that an answer about a machine's use names. */
#define VGPU_SURVEY_PROCESSES_MAX 1024u

/* Variables that WorkerStart carries. */
#define VGPU_WORKER_VARIABLES_MAX 32u

/* Tools at the broker's control socket at once, and texts of one change that they ask for. */
#define VGPU_CTL_CLIENTS_MAX 64u
#define VGPU_CTL_ASSIGNS_MAX 32u
/* Machines, and pools of GPUs, that a broker knows. */
#define VGPU_VMS_MAX   256u
#define VGPU_POOLS_MAX 64u

/* Devices a guest process can see. */
#define VGPU_DEVICES_MAX 16u
/* Device attributes carried in the facts; CUDA 13.0 has 147. */
#define VGPU_ATTRIBUTES_MAX 256u
/* Function attributes prefetched with a function. */
#define VGPU_FUNCTION_ATTRIBUTES 16u

#endif
