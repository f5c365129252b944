// The members in the order of the ring, SHA-256 of their names, and who comes next to whom (failover spec 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace metallb::gossip {

class RingOrder {
 public:
  /// `name` has to live, at the same place, until it is erased. Not to be inserted twice.
  void insert(const std::string& name);
  void erase(const std::string& name);
  [[nodiscard]] std::size_t size() const { return places_.size(); }

  /// Up to `count` after `name`, or before it; nearest first, never `name` itself, which need not be in the ring.
  [[nodiscard]] std::vector<std::string> successors(const std::string& name, std::size_t count) const;
  [[nodiscard]] std::vector<std::string> predecessors(const std::string& name, std::size_t count) const;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  struct Place {
    Digest digest;
    const std::string* name;
  };
  static Digest digest_of(const std::string& name);
  [[nodiscard]] std::size_t index_of(const Digest& digest) const;  ///< of the first that is not before it

  std::vector<Place> places_;  ///< ascending
};

}  // namespace metallb::gossip
