# SPDX-License-Identifier: Apache-2.0
include(CMakeParseArguments)

# At the end of a program with threads ThreadSanitizer waits a second for races of those that still run, unless
# told otherwise.  The suites start hundreds of programs.
set(VGPU_TSAN_OPTIONS halt_on_error=1:abort_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=50)

# Environment of every test: log lines on standard error, sanitizers fatal.
set(VGPU_TEST_ENVIRONMENT
    "VGPU_LOG_TARGET=stderr"
    "ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=${VGPU_TSAN_OPTIONS}")

# vgpu_register_test(NAME n LABEL l COMMAND c... [TIMEOUT s] [ENVIRONMENT e...])
# One ctest entry.  No exit status but 0 passes: the few tests that may skip (77) set that property
# themselves, beside the reason.  The default time limit is 60 s
# (five times as long with a sanitizer).
function(vgpu_register_test)
    cmake_parse_arguments(T "" "NAME;TIMEOUT" "LABEL;COMMAND;ENVIRONMENT" ${ARGN})
    if(NOT T_NAME OR NOT T_LABEL OR NOT T_COMMAND OR T_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "vgpu_register_test: NAME, LABEL, COMMAND wanted; got '${ARGN}'")
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    if(NOT VGPU_SANITIZE STREQUAL "")
        math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
    endif()
    add_test(NAME ${T_NAME} COMMAND ${T_COMMAND})
    set_tests_properties(${T_NAME} PROPERTIES
        LABELS "${T_LABEL}" TIMEOUT ${T_TIMEOUT}
        ENVIRONMENT "${VGPU_TEST_ENVIRONMENT};${T_ENVIRONMENT}")
endfunction()

# vgpu_add_test(NAME n LABEL unit SOURCES a.c... [LIBS x...] [TIMEOUT s] [ARGS a...]
#               [ENVIRONMENT e...])
# A cmocka program named test_<n> (unless n has the prefix already) and its ctest entry n.
function(vgpu_add_test)
    cmake_parse_arguments(T "" "NAME;TIMEOUT" "LABEL;SOURCES;LIBS;ARGS;ENVIRONMENT" ${ARGN})
    if(NOT T_NAME OR NOT T_LABEL OR NOT T_SOURCES OR T_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "vgpu_add_test: NAME, LABEL, SOURCES wanted; got '${ARGN}'")
    endif()
    string(REGEX REPLACE "^test_" "" stem ${T_NAME})
    set(target test_${stem})
    add_executable(${target} ${T_SOURCES})
    target_link_libraries(${target} PRIVATE ${T_LIBS} PkgConfig::CMOCKA Threads::Threads)
    set(timeout "")
    if(T_TIMEOUT)
        set(timeout TIMEOUT ${T_TIMEOUT})
    endif()
    vgpu_register_test(NAME ${T_NAME} LABEL ${T_LABEL} ${timeout}
                       COMMAND ${target} ${T_ARGS} ENVIRONMENT ${T_ENVIRONMENT})
endfunction()
