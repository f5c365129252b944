// A router in the tests: it takes in bytes and keeps what it was told, as RFC 4271 and RFC 4760 have it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "bgp/message_codec.hpp"
#include "bgp/update_codec.hpp"
#include "wire.hpp"

namespace metallb::bgp::test {

/// The messages in a stream; a broken one is a failure.
inline std::vector<Message> split(ByteView stream,
                                  const DecodeContext& context = {.extended_message = true, .internal = true}) {
  std::vector<Message> out;
  while (!stream.empty()) {
    if (stream.size() < kHeaderSize) {
      ADD_FAILURE() << "a message is cut off";
      return out;
    }
    const auto header = read_header(stream, context);
    if (!header || header->length > stream.size()) {
      ADD_FAILURE() << "a message is broken";
      return out;
    }
    auto message = decode(stream.first(header->length), context);
    if (!message) {
      ADD_FAILURE() << message.error().reason;
      return out;
    }
    out.push_back(std::move(*message));
    stream = stream.subspan(header->length);
  }
  return out;
}

struct Router {
  struct Route {
    PathAttributes attributes;
    Bytes next_hop;  ///< 4, 16 or 32 bytes
    friend bool operator==(const Route&, const Route&) = default;
  };
  bool internal = true;
  std::map<IpPrefix, Route> routes;
  std::vector<Family> ends_of_rib;
  std::vector<RouteRefresh> marks;
  std::map<std::uint16_t, std::set<IpPrefix>> refreshing;  ///< by AFI: what has not been told again since the mark
  std::size_t updates = 0;
  std::size_t largest = 0;

  void take(ByteView stream) {
    for (const auto& message : split(stream, {.extended_message = true, .internal = internal})) {
      if (const auto* refresh = std::get_if<RouteRefresh>(&message)) mark(*refresh);
      if (const auto* update = std::get_if<Update>(&message)) take(*update);
    }
  }

 private:
  /// RFC 7313, Section 4.2: at the end of a dump what it did not name is gone.
  void mark(const RouteRefresh& refresh) {
    marks.push_back(refresh);
    if (refresh.kind == RouteRefresh::Kind::kBegin) {
      EXPECT_FALSE(refreshing.contains(refresh.family.afi)) << "begun twice";
      auto& old = refreshing[refresh.family.afi];
      const auto wanted = refresh.family == kIpv4Unicast ? IpFamily::kIpv4 : IpFamily::kIpv6;
      for (const auto& [prefix, route] : routes) {
        if (prefix.family() == wanted) old.insert(prefix);
      }
    } else if (refresh.kind == RouteRefresh::Kind::kEnd) {
      ASSERT_TRUE(refreshing.contains(refresh.family.afi)) << "ended without a beginning";
      for (const auto& prefix : refreshing[refresh.family.afi]) routes.erase(prefix);
      refreshing.erase(refresh.family.afi);
    }
  }
  void announce(const IpPrefix& prefix, Route route) {
    routes[prefix] = std::move(route);
    for (auto& [afi, old] : refreshing) old.erase(prefix);
  }
  void take(const Update& update) {
    ++updates;
    largest = std::max(largest, encode(update).size());
    EXPECT_EQ(update.faults.count, 0U);
    const bool ends = update == Update{};
    if (ends) ends_of_rib.push_back(kIpv4Unicast);
    if (update.mp_unreach && update.mp_unreach->prefixes.empty()) ends_of_rib.push_back(update.mp_unreach->family);
    for (const auto& prefix : update.withdrawn) remove(prefix);
    if (update.mp_unreach) {
      for (const auto& prefix : update.mp_unreach->prefixes) remove(prefix);
    }
    for (const auto& prefix : update.announced) {
      announce(prefix, {update.attributes, update.attributes.next_hop.value_or(IpAddress()).bytes()});
    }
    if (update.mp_reach) {
      for (const auto& prefix : update.mp_reach->prefixes) announce(prefix, {update.attributes, update.mp_reach->next_hop});
    }
  }
  void remove(const IpPrefix& prefix) {
    for (auto& [afi, old] : refreshing) old.erase(prefix);
    EXPECT_EQ(routes.erase(prefix), 1U) << prefix.to_string() << " was never announced";
  }
};

}  // namespace metallb::bgp::test
