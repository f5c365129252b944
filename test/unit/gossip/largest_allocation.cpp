#include "largest_allocation.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace metallb::gossip::test {
namespace {

std::size_t g_largest = 0;  // tests run in one thread

}  // namespace

std::size_t largest_allocation() {
  return g_largest;
}

void forget_allocations() {
  g_largest = 0;
}

static void* allocate(std::size_t size) {
  g_largest = std::max(g_largest, size);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace metallb::gossip::test

// The array and nothrow forms of the standard library go through these.
void* operator new(std::size_t size) {
  return metallb::gossip::test::allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
