# SPDX-License-Identifier: Apache-2.0
# Warnings of the whole tree.  All of them are errors.
add_compile_options(
    -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
    -Wundef -Wcast-qual -Wpointer-arith -Wnull-dereference -Wimplicit-fallthrough -Wswitch-enum)
if(VGPU_SANITIZE STREQUAL "")
    # Sanitizers pad the frames, so the limit means nothing there.
    add_compile_options(-Wframe-larger-than=4096)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT VGPU_SANITIZE STREQUAL "")
    # gcc 12 reports false positives in instrumented code.
    add_compile_options(-Wno-null-dereference -Wno-maybe-uninitialized -Wno-stringop-truncation)
    if(VGPU_SANITIZE STREQUAL "thread")
        add_compile_options(-Wno-tsan)
    endif()
endif()

# vgpu_strict_conversion(TARGET): no implicit conversion that may change a value.
# For code that reads untrusted bytes: proto/ and executor/.  Not in sanitizer builds:
# gcc 12 warns there of the conversions that it put in itself.
function(vgpu_strict_conversion target)
    if(VGPU_SANITIZE STREQUAL "")
        target_compile_options(${target} PRIVATE -Wconversion -Wsign-conversion)
    endif()
endfunction()

# vgpu_foreign_sources(FILE...): sources written by another project's generator
# (protoc-c); their warnings are not ours to fix.  Call it in the folder of the target.
function(vgpu_foreign_sources)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-w")
endfunction()
