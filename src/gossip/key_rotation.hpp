// A new secret comes to a running cluster: which keys this node uses until all nodes have it.
//
// In:   the secret as it stands in the file, whenever somebody looked.
// Out:  key rings; log lines.
// Thread: main (or virtual time). It reads no file.
//
// Every node is told of the new secret at a time of its own: the kubelet brings the files of a Secret up to date within a
// minute or two. So each goes through the same steps, counted from the moment when it saw the change:
//
//     seen            opens old and new, sends each packet sealed with both, dials with the old key
//     + 3 minutes     the same, but dials with the new key
//     + 10 minutes    new only
//
// With both keys in every packet, no order of arrival separates anybody: who has the old one only, who has both, and who has
// just started and found nothing but the new one. (The two kinds that have no key in common reach each other through those
// that have both, by indirect pings.) A node is cut off only if its secret is ten minutes later than that of the first.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "gossip/keys.hpp"

namespace metallb::gossip {

/// The content of the file, or why it cannot be read.
struct SecretRead {
  std::expected<std::string, std::string> secret;
};

class KeyRotation {
 public:
  using Output = std::vector<KeyRing>;

  static constexpr Duration kDialWithOld = std::chrono::minutes(3);
  static constexpr Duration kKeepOld = std::chrono::minutes(10);
  /// Of a secret that is changed again and again.
  static constexpr std::size_t kMostKeys = 3;

  /// With the secret of the start; empty: plaintext, which stays for the life of the process.
  KeyRotation(std::string secret, Log log);

  void on_input(Now now, const SecretRead& read, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const { return deadline_; }

  [[nodiscard]] const KeyRing& ring() const { return ring_; }

 private:
  enum class Step : std::uint8_t { kSettled, kDialWithOld, kDialWithNew };
  void begin(SteadyPoint now, std::string secret, Output& out);
  void complain(const std::string& why);

  Log log_;
  std::string secret_;   ///< the newest
  std::string trouble_;  ///< logged last
  KeyRing ring_;
  Step step_ = Step::kSettled;
  SteadyPoint begun_{};
  SteadyPoint deadline_ = kIdle;
};

static_assert(StateMachine<KeyRotation, SecretRead, KeyRotation::Output>);

}  // namespace metallb::gossip
