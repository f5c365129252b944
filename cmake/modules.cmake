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
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  list(TRANSFORM ARG_DEPENDS PREPEND metallb_)
  add_library(metallb_${name} STATIC ${sources} ${headers})
  set_target_properties(metallb_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(metallb_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(metallb_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES} PRIVATE metallb_options)
  # A build from nothing compiles the headers that nearly every file includes once, and the files of a folder eight at a time:
  # half the time. Not with ccache, which could no longer share objects between build folders; there each file has to include
  # what it uses. Names of unnamed namespaces must differ within a folder.
  if(NOT METALLB_CCACHE)
    target_precompile_headers(metallb_${name} PRIVATE ${METALLB_COMMON_HEADERS})
    set_target_properties(metallb_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    metallb_group_by_folder(${sources})
  endif()
endfunction()

# Eight files of one folder at a time are compiled as one.
function(metallb_group_by_folder)
  foreach(source IN LISTS ARGN)
    get_filename_component(folder ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER ${folder} folder)
    list(APPEND folders ${folder})
    list(APPEND of_${folder} ${source})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder IN LISTS folders)
    set(count 0)
    foreach(source IN LISTS of_${folder})
      math(EXPR group "${count} / 8")
      math(EXPR count "${count} + 1")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${group})
    endforeach()
  endforeach()
endfunction()

function(metallb_core name)
  metallb_library(${name} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY METALLB_CORES ${name})
endfunction()
