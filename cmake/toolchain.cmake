# Compiler settings that every target of ours shares.

find_program(METALLB_CCACHE ccache)
if(METALLB_CCACHE)
  # What ccache wants to be told before it keeps objects that use precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${METALLB_CCACHE})
endif()

# -Os: JSON reflection costs five times the code at -O2 and gains nothing a user sees (docs/decisions/0002-size.md).
set(CMAKE_CXX_FLAGS_RELEASE "-Os -g1")
# -O1 keeps sanitizer runs quick; -g1 keeps line numbers in stack traces at a fraction of the link time of -g.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

add_library(metallb_options INTERFACE)
target_compile_options(metallb_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -ffunction-sections -fdata-sections)
target_link_options(metallb_options INTERFACE -fuse-ld=lld-19 -Wl,--gc-sections)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(metallb_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(METALLB_SANITIZE)
  add_compile_options(-fsanitize=${METALLB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${METALLB_SANITIZE})
endif()
if(METALLB_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
