// Short ways to write addresses, pools and claims in the tests of ipam/.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ipam/allocator.hpp"

namespace metallb::ipam {

inline IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

inline std::vector<IpAddress> ips(std::initializer_list<std::string_view> texts) {
  std::vector<IpAddress> out;
  for (const auto text : texts) out.push_back(ip(text));
  return out;
}

inline PoolSpec pool(std::string name, std::initializer_list<std::string_view> prefixes, bool avoid_buggy_ips = false) {
  PoolSpec out{std::move(name), {}, avoid_buggy_ips};
  for (const auto prefix : prefixes) out.prefixes.push_back(*IpPrefix::parse(prefix));
  return out;
}

inline ServiceKey svc(std::string name) {
  return {"default", std::move(name)};
}

inline Claim claim(std::string sharing_key, Ports ports = {}, std::string backend_key = {}) {
  return {std::move(sharing_key), std::move(backend_key), std::move(ports)};
}

inline const Port kTcp80{"TCP", 80};
inline const Port kTcp443{"TCP", 443};
inline const Port kTcp53{"TCP", 53};
inline const Port kUdp53{"UDP", 53};

}  // namespace metallb::ipam
