#include "largest_allocation.hpp"

#include <algorithm>

#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#include <sanitizer/allocator_interface.h>
#define METALLB_SANITIZED 1
#endif

namespace metallb::gossip::test {
namespace {

std::size_t g_largest = 0;  // tests run in one thread

#ifdef METALLB_SANITIZED
// The sanitizers own operator new; their hook sees every allocation.
[[maybe_unused]] const int g_hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t size) { g_largest = std::max(g_largest, size); }, [](const volatile void*) {});
#endif

}  // namespace

std::size_t largest_allocation() {
  return g_largest;
}

void forget_allocations() {
  g_largest = 0;
}

bool allocations_are_seen() {
#ifdef METALLB_SANITIZED
  return g_hooked != 0;
#else
  return false;
#endif
}

}  // namespace metallb::gossip::test
