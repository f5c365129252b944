// BFD on behalf of one BGP peer: which path is being watched, and what BFD's changes of state mean for the session. RFC 5882
// (Generic Application of BFD), Sections 3.2 and 4.1; bgp spec 4.14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "bfd/inputs_and_actions.hpp"
#include "bgp/inputs_and_actions.hpp"
#include "peering/inputs_and_actions.hpp"

namespace metallb::peering {

class PathWatch {
 public:
  explicit PathWatch(bgp::PeerId peer) : peer_(peer), client_(std::to_string(peer.value())) {}

  /// Watch this path, and no other; nothing: none.
  void want(const std::optional<bfd::SessionKey>& key, const bfd::Parameters& parameters, Output& out);
  /// What is about a path that is not watched any more is passed over.
  void changed(const bfd::StateChanged& change, Output& out);
  /// Whether the link of the path has a carrier. Without one the path is gone, which BFD sees only when its next packet is
  /// missed: what this node sends does not leave, and counts against nobody.
  void link(bool up, Output& out);
  /// False: it is about another path.
  bool refused(const bfd::Refused& refusal);

  /// The name that BFD knows the peer by.
  [[nodiscard]] const std::string& client() const { return client_; }
  [[nodiscard]] const std::optional<bfd::SessionKey>& path() const { return path_; }
  [[nodiscard]] bfd::State state() const { return state_; }
  /// Why BFD does not watch the path; empty: it does.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// How often the path has failed since it is watched.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  void forget(Output& out);
  void tell(bool up, Output& out);

  bgp::PeerId peer_;
  std::string client_;
  std::optional<bfd::SessionKey> path_;
  bfd::Parameters parameters_;
  bfd::State state_ = bfd::State::kDown;
  std::optional<std::uint64_t> seen_;  ///< BFD's count of failures, which others that share the path may have begun
  std::uint64_t failures_ = 0;
  bool link_up_ = true;
  bool session_waits_ = false;  ///< BGP was told that the path is gone, and not yet that it is back
  std::string problem_;
};

}  // namespace metallb::peering
