# SPDX-License-Identifier: Apache-2.0
# Run by CPack between installing the components and making packages of them: what Debian's policy
# wants beside the programs.
set(release ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# For archives without a time of their own.
function(compress file)
    run(gzip -9nf ${file})
    file(CHMOD ${file}.gz PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

function(add_documents root package)
    set(folder ${root}/usr/share/doc/${package})
    file(MAKE_DIRECTORY ${folder})
    file(COPY_FILE ${CPACK_VGPU_DEB_FOLDER}/copyright ${folder}/copyright)
    file(WRITE ${folder}/changelog.Debian "vgpu (${release}) unstable; urgency=medium\n\n"
        "  * Release ${CPACK_PACKAGE_VERSION}.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
    compress(${folder}/changelog.Debian)
    if(EXISTS ${CPACK_VGPU_DEB_FOLDER}/overrides/${package})
        file(MAKE_DIRECTORY ${root}/usr/share/lintian/overrides)
        file(COPY_FILE ${CPACK_VGPU_DEB_FOLDER}/overrides/${package}
            ${root}/usr/share/lintian/overrides/${package})
    endif()
endfunction()

function(strip_programs root)
    file(GLOB programs ${root}/usr/bin/* ${root}/usr/sbin/* ${root}/usr/lib/vgpu/* ${root}/usr/lib/vgpu/qemu/*)
    foreach(program ${programs})
        if(IS_SYMLINK ${program} OR IS_DIRECTORY ${program})
            continue()
        endif()
        file(READ ${program} magic LIMIT 4 HEX)
        if(magic STREQUAL 7f454c46)
            run(strip --strip-unneeded --remove-section=.comment --remove-section=.note ${program})
        endif()
        if(program MATCHES "\\.so")
            file(CHMOD ${program} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
        endif()
    endforeach()
endfunction()

function(compress_pages root)
    file(GLOB pages ${root}/usr/share/man/man*/*.[1-9])
    foreach(page ${pages})
        compress(${page})
    endforeach()
endfunction()

foreach(component ${CPACK_COMPONENTS_ALL})
    string(TOUPPER ${component} upper)
    set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
    if(component STREQUAL guest)
        # They are in the package of the component libs.
        file(GLOB libraries ${root}/usr/lib/vgpu/*)
        file(REMOVE ${libraries})
        file(REMOVE_RECURSE ${root}/usr/lib/vgpu)
    endif()
    strip_programs(${root})
    compress_pages(${root})
    add_documents(${root} ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
endforeach()
