#include "app/membership_options.hpp"

#include <utility>

#include "app/speaker_options.hpp"
#include "kube/selector.hpp"

namespace metallb::app {
namespace {

/// Read, and so checked, also when there is no membership.
std::expected<std::string, StartupProblem> read_secret(const std::string& path, const FileReader& read) {
  if (path.empty()) return std::string{};
  auto content = read(path);
  if (!content)
    return startup_problem(content.error().to_string(), "cannot read the file secretkey in --ml-secret-key-path");
  return std::move(*content);
}

std::expected<std::uint16_t, StartupProblem> port_of(const SpeakerOptions& options) {
  if (options.ml_bindport.empty()) return MembershipSettings{}.port;
  const auto number = parse_decimal(options.ml_bindport);
  if (!number) return startup_problem("invalid port \"" + options.ml_bindport + "\"", "--ml-bindport must be a number");
  auto port = check_port("ml-bindport", *number);
  if (port && *port == 0) return startup_problem("port 0", "--ml-bindport must be the same number on all nodes");
  return port;
}

// deviation: the original takes a name for the wildcard address, and 0.0.0.0 for any private address that it finds; then
// the other nodes are told an address at which this one may not be reached (gossip spec 1.1, 1.2).
std::expected<IpAddress, StartupProblem> address_of(const SpeakerOptions& options) {
  const auto address = IpAddress::parse(options.ml_bindaddr);
  if (!address || address->is_unspecified() || address->is_multicast()) {
    return startup_problem(
        "not an address of this node: \"" + options.ml_bindaddr + "\"",
        "--ml-bindaddr (METALLB_ML_BIND_ADDR) must be the node's own IP address, as the Pod's status.podIP is");
  }
  return *address;
}

/// The file replaces the whole profile; without it, the flag chooses one.
std::expected<void, StartupProblem> read_timing(const SpeakerOptions& options, const FileReader& read,
                                                MembershipSettings& out) {
  const auto& path = options.ml_config_path;
  const auto content = read(path);
  if (content) {
    auto timing = gossip::parse_settings(*content);
    if (!timing) return startup_problem(timing.error(), "cannot use the membership's configuration file " + path);
    out.timing = *timing;
    out.timing_file = path;
  } else if (content.error().code == std::errc::no_such_file_or_directory) {
    out.timing = options.ml_wan_config ? gossip::wan_settings() : gossip::lan_settings();
  } else {
    return startup_problem(content.error().to_string(), "cannot read the membership's configuration file " + path);
  }
  out.timing.ring.enabled = out.timing.ring.enabled && options.ml_watch_ring;
  return {};
}

}  // namespace

std::expected<std::optional<MembershipSettings>, StartupProblem> prepare_membership(const SpeakerOptions& options,
                                                                                    const FileReader& read) {
  MembershipSettings out;
  if (!options.ml_secret_key_path.empty()) out.secret_file = options.ml_secret_key_path + "/secretkey";
  auto secret = read_secret(out.secret_file, read);
  if (!secret) return std::unexpected(secret.error());
  out.secret = std::move(*secret);
  const auto port = port_of(options);
  if (!port) return std::unexpected(port.error());
  out.port = *port;
  if (options.ml_labels.empty() || options.ml_bindaddr.empty()) return std::nullopt;

  const auto address = address_of(options);
  if (!address) return std::unexpected(address.error());
  out.address = *address;
  if (const auto selector = kube::Selector::parse(options.ml_labels); !selector) {
    return startup_problem(selector.error(),
                           "--ml-labels (METALLB_ML_LABELS) must be a label selector of the speakers' Pods");
  }
  out.labels = options.ml_labels;
  if (auto timing = read_timing(options, read, out); !timing) return std::unexpected(timing.error());
  return out;
}

}  // namespace metallb::app
