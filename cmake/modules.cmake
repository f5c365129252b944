# One target per folder of src/, with explicit edges.
#
#   metallb_core(ipam DEPENDS base net)          a pure core: its archive is held to the symbol allow-list
#   metallb_library(io DEPENDS ... LIBRARIES …)  a folder that may touch the world
#
# Targets are called metallb_<folder>. DEPENDS names our own folders only; LIBRARIES names others' targets. Includes are
# written from src/, for example #include "net/ip_address.hpp".

set_property(GLOBAL PROPERTY METALLB_CORES "")
set(METALLB_COMMON_HEADERS <algorithm> <chrono> <cstdint> <expected> <functional> <map> <memory> <optional> <set> <string>
  <string_view> <utility> <variant> <vector>)

function(metallb_library name)
  cmake_parse_arguments(ARG "UNITY" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  list(TRANSFORM ARG_DEPENDS PREPEND metallb_)
  add_library(metallb_${name} STATIC ${sources} ${headers})
  set_target_properties(metallb_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(metallb_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(metallb_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES} PRIVATE metallb_options)
  # A build from nothing for tests compiles the headers that nearly every file includes once. Not the release build: there each file
  # has to include what it uses; and not with ccache, which could no longer share objects between build folders.
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT METALLB_CCACHE)
    target_precompile_headers(metallb_${name} PRIVATE ${METALLB_COMMON_HEADERS})
    # Cores are compiled eight files at a time there: names of the unnamed namespaces must differ within a folder.
    if(ARG_UNITY)
      set_target_properties(metallb_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    endif()
  endif()
endfunction()

function(metallb_core name)
  metallb_library(${name} UNITY ${ARGN})
  set_property(GLOBAL APPEND PROPERTY METALLB_CORES ${name})
endfunction()
