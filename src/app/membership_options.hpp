// What the speaker's flags and files about membership come to (gossip spec 1.1 and 1.4).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "app/outcome.hpp"
#include "gossip/settings.hpp"
#include "net/ip_address.hpp"

namespace metallb::app {

struct SpeakerOptions;

struct MembershipSettings {
  IpAddress address;
  std::uint16_t port = 7946;
  std::string labels;       ///< selector of the speakers' pods
  std::string secret_file;  ///< to be watched for a new secret; empty: there is none
  std::string secret;       ///< its bytes; empty: unencrypted
  gossip::Settings timing;
  std::string timing_file;  ///< where the timing was read from; empty: a built-in profile
};

/// Nothing when there is to be no membership; the secret and the port are checked even then. `read` tells a missing file
/// apart from one that cannot be read.
[[nodiscard]] std::expected<std::optional<MembershipSettings>, StartupProblem> prepare_membership(
    const SpeakerOptions& options, const FileReader& read);

}  // namespace metallb::app
