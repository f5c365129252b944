// Who announces an address: a pure function that every speaker computes from the same inputs (layer2 spec section 2).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/ip_address.hpp"

namespace metallb::layer2 {

/// What the ranking may know about a candidate beyond its name. Grows with smarter rankings; the compatible one uses
/// `score`.
struct CandidateFacts {
  std::int64_t score = 0;  ///< sum of preference weights; higher first
};

/// Candidates by node name.
using Candidates = std::map<std::string, CandidateFacts>;

/// Node names, best first: score descending, then SHA-256(name + "#" + address text) ascending (layer2 spec 2.2 step 10).
[[nodiscard]] std::vector<std::string> rank(const IpAddress& address, const Candidates& candidates);

}  // namespace metallb::layer2
