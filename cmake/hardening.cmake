# SPDX-License-Identifier: Apache-2.0
# Hardening and sanitizers of the whole tree.
include(CheckCCompilerFlag)
include(CheckPIESupported)

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)

add_compile_options(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
    add_compile_options(-fcf-protection)
endif()
# clang 14 has the option only behind a second switch; gcc 12 has it.
check_c_compiler_flag(-ftrivial-auto-var-init=zero VGPU_HAVE_AUTO_VAR_INIT)
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

if(VGPU_SANITIZE STREQUAL "")
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
        add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    endif()
    # Sanitizer builds leave it out: it would hide uninitialised reads.
    if(VGPU_HAVE_AUTO_VAR_INIT)
        add_compile_options(-ftrivial-auto-var-init=zero)
    endif()
elseif(VGPU_SANITIZE STREQUAL "address")
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
    add_compile_definitions(VGPU_ASAN=1)
elseif(VGPU_SANITIZE STREQUAL "thread")
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
    add_compile_definitions(VGPU_TSAN=1)
else()
    message(FATAL_ERROR "VGPU_SANITIZE: '${VGPU_SANITIZE}' is not empty, address or thread")
endif()
if(VGPU_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
