#include "base/names.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/contract.hpp"
#include "base/error.hpp"

namespace metallb {
namespace {

TEST(ObjectKey, ShowsTheNamespaceOnlyWhenThereIsOne) {
  EXPECT_EQ((ObjectKey{"shop", "web"}).to_string(), "shop/web");
  EXPECT_EQ((ObjectKey{"", "node1"}).to_string(), "node1");
}

TEST(ObjectKey, OrdersByNamespaceThenName) {
  EXPECT_LT((ObjectKey{"a", "z"}), (ObjectKey{"b", "a"}));
  EXPECT_LT((ObjectKey{"a", "a"}), (ObjectKey{"a", "b"}));
}

TEST(Strong, NeverConvertsSilently) {
  static_assert(!std::is_convertible_v<std::int32_t, InterfaceIndex>);
  static_assert(!std::is_convertible_v<InterfaceIndex, std::int32_t>);
  static_assert(!std::is_constructible_v<InterfaceIndex, NodeName>);
  EXPECT_LT(InterfaceIndex(1), InterfaceIndex(2));
  EXPECT_EQ(NodeName("a").value(), "a");
}

TEST(SystemError, SaysWhatWasTriedOnWhatAndWhy) {
  const SystemError error{"connect", "10.0.0.1:6443", std::make_error_code(std::errc::connection_refused), ""};
  EXPECT_EQ(error.to_string(), "connect 10.0.0.1:6443: Connection refused");
  const SystemError detailed{"read", "ca.pem", {}, "no certificate in it"};
  EXPECT_EQ(detailed.to_string(), "read ca.pem: failed (no certificate in it)");
}

TEST(Contract, EndsTheProcessWithItsReason) {
  const auto broken = [] { METALLB_CONTRACT(1 == 2, "numbers must agree"); };
  EXPECT_DEATH(broken(), "numbers must agree \\(1 == 2\\)");
}

}  // namespace
}  // namespace metallb
