# SPDX-License-Identifier: Apache-2.0
# vgpu_test_embed_ptx(TARGET FILE...): each FILE.ptx becomes a header
# FILE_ptx.h with `static const char FILE_ptx[]`, a NUL-terminated text.
# Run with -P this file writes one such header.
if(CMAKE_SCRIPT_MODE_FILE)
    get_filename_component(name "${INPUT}" NAME_WE)
    file(READ "${INPUT}" hex HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    file(WRITE "${OUTPUT}"
        "/* Generated from ${name}.ptx; do not edit. */\n"
        "static const char ${name}_ptx[] = {\n${hex}0};\n")
    return()
endif()

set(VGPU_TEST_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}" CACHE INTERNAL "")

function(vgpu_test_embed_ptx target)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/ptx")
    file(MAKE_DIRECTORY "${folder}")
    foreach(source IN LISTS ARGN)
        get_filename_component(name "${source}" NAME_WE)
        get_filename_component(input "${source}" ABSOLUTE)
        set(output "${folder}/${name}_ptx.h")
        add_custom_command(OUTPUT "${output}"
            COMMAND "${CMAKE_COMMAND}" -DINPUT=${input} -DOUTPUT=${output}
                -P "${VGPU_TEST_EMBED_SCRIPT}"
            DEPENDS "${input}" "${VGPU_TEST_EMBED_SCRIPT}" VERBATIM)
        target_sources(${target} PRIVATE "${output}")
    endforeach()
    target_include_directories(${target} PRIVATE "${folder}")
endfunction()
