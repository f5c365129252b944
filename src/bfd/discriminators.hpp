// Numbers for sessions of this end: never 0, never twice at a time, and hard to guess. RFC 5880, Section 6.8.1.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "bfd/inputs_and_actions.hpp"

namespace metallb::bfd {

/// Yields numbers that nobody can foresee (io/entropy).
using NumberSource = std::function<std::uint32_t()>;

class Discriminators {
 public:
  explicit Discriminators(const NumberSource& numbers) : numbers_(numbers) {}

  Discriminator assign(SessionId session) {
    // A source that repeats itself must not make this a loop without end.
    auto number = numbers_();
    while (number == 0 || sessions_.contains(Discriminator(number))) ++number;
    sessions_.emplace(Discriminator(number), session);
    return Discriminator(number);
  }
  void release(Discriminator discriminator) { sessions_.erase(discriminator); }
  /// Null when no session has it.
  [[nodiscard]] const SessionId* find(Discriminator discriminator) const {
    const auto it = sessions_.find(discriminator);
    return it == sessions_.end() ? nullptr : &it->second;
  }

 private:
  const NumberSource& numbers_;
  std::unordered_map<Discriminator, SessionId> sessions_;
};

}  // namespace metallb::bfd
