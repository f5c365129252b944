#include "layer2/election.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace metallb::layer2 {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

struct Entry {
  std::int64_t score;
  Digest digest;
  const std::string* name;
};

Digest digest_of(const std::string& node, const std::string& address) {
  // layer2 spec 2.2: UTF-8 bytes of the node name, one '#', the canonical text; no terminator.
  const auto text = node + "#" + address;
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

std::vector<std::string> rank(const IpAddress& address, const Candidates& candidates) {
  const auto text = address.to_string();
  std::vector<Entry> entries;
  entries.reserve(candidates.size());
  for (const auto& [name, facts] : candidates) entries.push_back({facts.score, digest_of(name, text), &name});

  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.digest < b.digest;  // 32 raw bytes, unsigned
  });

  std::vector<std::string> out;
  out.reserve(entries.size());
  for (const auto& entry : entries) out.push_back(*entry.name);
  return out;
}

}  // namespace metallb::layer2
