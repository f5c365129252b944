// The speaker's command line and environment (operations spec 2.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/membership_options.hpp"
#include "app/outcome.hpp"
#include "app/startup.hpp"
#include "base/log.hpp"
#include "io/http/tls_profile.hpp"

namespace metallb::app {

struct SpeakerOptions {
  std::string program;  ///< argv[0]
  std::string namespace_;
  std::string host;
  std::string ml_bindaddr;
  std::string ml_bindport;
  std::string ml_labels;
  std::string ml_secret_key_path;
  std::string ml_config_path = "/etc/metallb/memberlist/config.json";
  bool arp_in_kernel = true;
  bool ml_watch_ring = true;
  bool ml_wan_config = false;
  std::string node_name;
  std::string pod_name;
  std::int64_t port = 9120;
  LogLevel log_level = LogLevel::kInfo;
  std::string pprof_bind_address;
  std::int64_t health_probe_port = 17472;
  std::string lb_class;
  bool ignore_exclude_lb = false;
  std::string bgp_debounce_timeout = "3000";  ///< milliseconds, as given
  std::string frrk8s_namespace;
  bool frrk8s_secret_passthrough = false;
  bool allow_frr_k8s = false;
  bool unnumbered_ipv4 = false;
  TlsFlags tls;
  std::string metrics_cert_dir;
  std::string kubeconfig;
  std::string bgp_type = "native";  ///< METALLB_BGP_TYPE
  std::set<std::string> given;      ///< flags that the user set, on the command line or by a non-empty variable
};

/// What the checks made of the options; nothing in it can be wrong any more.
struct SpeakerSettings {
  io::TlsProfile tls;
  std::string namespace_;
  std::string node_name;
  std::string frrk8s_namespace;
  std::optional<MembershipSettings> membership;  ///< nothing unless labels and bind address are both there
  std::uint16_t metrics_port = 0;                ///< 0: no metrics
  std::uint16_t health_port = 0;                 ///< 0: no probes
};

/// As parse_controller_options().
[[nodiscard]] std::expected<SpeakerOptions, EarlyExit> parse_speaker_options(int argc, const char* const* argv,
                                                                             const Environment& environment);

/// The fatal combinations, in the original's order (operations spec 2.7): to be called after the banner was logged. An
/// unknown BGP type ends with exit code 2.
[[nodiscard]] std::expected<SpeakerSettings, StartupProblem> prepare_speaker(const SpeakerOptions& options,
                                                                             const FileReader& read);

/// For text flags whose value is a plain number, without the prefixes of integer flags.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(const std::string& text);

/// Flags that the user gave and whose feature this build does not have, sorted.
[[nodiscard]] std::vector<std::string> accepted_without_effect(const SpeakerOptions& options);

}  // namespace metallb::app
