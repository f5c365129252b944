// What to answer, as one value: for each address, the interfaces it is answered on and the MAC given there. It holds the
// result of all rules (registrations, interface selectors, eligibility), so whatever answers, this module's responder or
// a program at the network driver, needs nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <unordered_map>
#include <vector>

#include "base/names.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

class AnswerTable {
 public:
  struct Answer {
    InterfaceIndex interface;
    MacAddress mac;
    friend bool operator==(const Answer&, const Answer&) = default;
  };
  enum class Miss : std::uint8_t { kUnknownAddress, kWrongInterface };

  /// The MAC to answer with. One hash look-up, no allocation.
  [[nodiscard]] std::expected<MacAddress, Miss> find(InterfaceIndex interface, const IpAddress& address) const;

  [[nodiscard]] bool empty() const { return answers_.empty(); }

  /// Makes the address known, so far answered nowhere; nothing if it is known already.
  void add(const IpAddress& address);
  /// Forgets the address with all its answers.
  void remove(const IpAddress& address);
  /// Answers for a known address on the interface from now on, with this MAC.
  void put(const IpAddress& address, InterfaceIndex interface, const MacAddress& mac);
  /// Stops answering on the interface; the address stays known.
  void erase(const IpAddress& address, InterfaceIndex interface);

  /// Of one address, ascending by interface; empty when there are none.
  [[nodiscard]] const std::vector<Answer>& answers(const IpAddress& address) const;
  /// Of one interface, ascending. Walks the whole table.
  [[nodiscard]] std::vector<IpAddress> addresses(InterfaceIndex interface) const;

 private:
  std::unordered_map<IpAddress, std::vector<Answer>> answers_;
};

}  // namespace metallb::layer2
