#include "gossip/ring_order.hpp"

#include <openssl/sha.h>

#include <algorithm>

#include "base/contract.hpp"

namespace metallb::gossip {

RingOrder::Digest RingOrder::digest_of(const std::string& name) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data());
  return digest;
}

std::size_t RingOrder::index_of(const Digest& digest) const {
  const auto at = std::ranges::lower_bound(places_, digest, {}, &Place::digest);
  return static_cast<std::size_t>(at - places_.begin());
}

void RingOrder::insert(const std::string& name) {
  const auto digest = digest_of(name);
  const auto index = index_of(digest);
  METALLB_CONTRACT(index == places_.size() || places_[index].digest != digest, "a member has one place in the ring");
  places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(index), {digest, &name});
}

void RingOrder::erase(const std::string& name) {
  const auto digest = digest_of(name);
  const auto index = index_of(digest);
  METALLB_CONTRACT(index < places_.size() && places_[index].digest == digest, "only members are erased");
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(index));
}

std::vector<std::string> RingOrder::successors(const std::string& name, std::size_t count) const {
  std::vector<std::string> out;
  auto index = index_of(digest_of(name));
  for (std::size_t step = 0; step < places_.size() && out.size() < count; ++step, ++index) {
    const auto& next = *places_[index % places_.size()].name;
    if (next != name) out.push_back(next);
  }
  return out;
}

std::vector<std::string> RingOrder::predecessors(const std::string& name, std::size_t count) const {
  std::vector<std::string> out;
  auto index = index_of(digest_of(name)) + places_.size();
  for (std::size_t step = 0; step < places_.size() && out.size() < count; ++step) {
    const auto& next = *places_[--index % places_.size()].name;
    if (next != name) out.push_back(next);
  }
  return out;
}

}  // namespace metallb::gossip
