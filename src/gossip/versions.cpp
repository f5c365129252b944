#include "gossip/versions.hpp"

#include <algorithm>
#include <array>

namespace metallb::gossip {

bool sane(const Versions& versions) {
  if (versions.size() < 3) return true;
  return versions[0] != 0 && versions[1] != 0 && versions[0] <= versions[1];
}

void VersionCheck::add(std::string_view name, const Versions& versions, bool alive) {
  // gossip spec 3.4: fewer than six bytes are as none, and none is version 0 of everything.
  std::array<std::uint8_t, kVersionBytes> v{};
  if (versions.size() >= kVersionBytes) std::copy_n(versions.begin(), kVersionBytes, v.begin());
  any_ = true;
  name = name.substr(0, kLongestVersionedName);
  protocol_.add(name, v[0], v[1], v[2], alive);
  delegate_.add(name, v[3], v[4], v[5], alive);
}

std::optional<std::string> VersionCheck::fault() const {
  if (!any_) return std::nullopt;
  if (auto fault = protocol_.fault("protocol")) return fault;
  return delegate_.fault("delegate");
}

void VersionCheck::Range::add(std::string_view name, std::uint8_t minimum, std::uint8_t maximum, std::uint8_t spoken,
                              bool alive) {
  if (alive) {
    low = std::max(low, minimum);
    high = std::min(high, maximum);
  }
  if (lowest_name.empty() || spoken < lowest_spoken) {
    lowest_spoken = spoken;
    lowest_name = name;
  }
  if (highest_name.empty() || spoken > highest_spoken) {
    highest_spoken = spoken;
    highest_name = name;
  }
}

std::optional<std::string> VersionCheck::Range::fault(std::string_view what) const {
  const auto text = [&](const std::string& name, std::uint8_t spoken) {
    return "member " + name + " speaks version " + std::to_string(spoken) + " of the " + std::string(what) +
           ", all members understand " + std::to_string(low) + " to " + std::to_string(high);
  };
  if (lowest_spoken < low) return text(lowest_name, lowest_spoken);
  if (highest_spoken > high) return text(highest_name, highest_spoken);
  return std::nullopt;
}

}  // namespace metallb::gossip
