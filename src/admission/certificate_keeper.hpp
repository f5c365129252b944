// Keeps the webhooks' certificates: in the Secret, at the listener, and known to the API server (controller spec 6.6).
//
// In:   the Secret as it is watched, signs that the holders of CA bundles have changed, outcomes of what it asked for.
// Out:  certificates to make, writes of the Secret, what to serve with, bundles to inject.
// Thread: main. It neither makes nor reads certificates, and owns no listener: io/webhooks does.
//
// Several replicas may run. A write holds only for the version of the Secret that it was decided on, and only what stands in
// the Secret is served and injected, so all of them end with what the first one wrote.
//
// deviations: a Secret that is missing is created, where the original ends; certificates are served from the Secret, where
// the original waits for the kubelet to mount it.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "admission/ca_bundles.hpp"
#include "admission/certificate_plan.hpp"
#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "kube/write.hpp"

namespace metallb::admission {

/// The Secret's four entries, as PEM.
struct Certificates {
  std::string authority;      ///< ca.crt
  std::string authority_key;  ///< ca.key
  std::string server;         ///< tls.crt
  std::string server_key;     ///< tls.key
  friend bool operator==(const Certificates&, const Certificates&) = default;
};

// Inputs.

struct SecretSeen {
  std::string resource_version;
  Certificates content;
  SecretFacts facts;
};
struct SecretMissing {};
/// The outcome of a Make.
struct Made {
  std::expected<Certificates, std::string> result;
};
/// It exists, and may have been changed.
struct HolderSeen {
  BundleHolder holder;
};
/// The outcome of an Inject. A holder that does not exist is no failure.
struct Injected {
  BundleHolder holder;
  std::expected<void, std::string> result;
};

// Actions.

struct Make {
  Renewal renewal = Renewal::kEverything;  ///< never kNothing
  std::string server_name;
  Certificates current;  ///< kServer: with the authority that is to sign
};
struct Serve {
  std::string certificate;
  std::string key;
};
struct Inject {
  BundleHolder holder;
  std::string authority;
};

class CertificateKeeper {
 public:
  using Input = std::variant<SecretSeen, SecretMissing, Made, kube::WriteDone, HolderSeen, Injected>;
  using Action = std::variant<Make, kube::Write, Serve, Inject>;
  using Output = std::vector<Action>;

  struct Options {
    ObjectKey secret;
    std::string server_name;  ///< <service>.<namespace>.svc
  };
  CertificateKeeper(Options options, Log log) : options_(std::move(options)), log_(log) {}

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  enum class Doing : std::uint8_t { kNothing, kMaking, kWriting };
  struct Holder {
    bool busy = false;
    bool stale = false;  ///< to be looked at as soon as it is not busy
    SteadyPoint retry = kIdle;
    Backoff pause{std::chrono::seconds(1), std::chrono::minutes(5)};
  };

  void take(Now now, const SecretSeen& in, Output& out);
  void take(Now now, const SecretMissing& in, Output& out);
  void take(Now now, const Made& in, Output& out);
  void take(Now now, const kube::WriteDone& in, Output& out);
  void take(Now now, const HolderSeen& in, Output& out);
  void take(Now now, const Injected& in, Output& out);
  void decide(Now now, Output& out);
  void inject(Output& out);
  void write(const Certificates& made, Output& out);
  [[nodiscard]] Holder& of(BundleHolder holder) { return holders_[static_cast<std::size_t>(holder)]; }

  Options options_;
  Log log_;
  bool known_ = false;                ///< whether there is a Secret
  std::optional<SecretSeen> secret_;  ///< as it was seen last; none: it is missing
  Doing doing_ = Doing::kNothing;
  std::string basis_;  ///< the Secret's version that was decided on; empty: it was missing
  std::string served_;
  std::string authority_;  ///< to be injected; empty: none yet
  std::array<Holder, kBundleHolders.size()> holders_;
  SteadyPoint due_ = kIdle;
  Backoff pause_{std::chrono::seconds(1), std::chrono::minutes(5)};
  std::uint64_t writes_ = 0;
};

static_assert(StateMachine<CertificateKeeper, CertificateKeeper::Input, CertificateKeeper::Output>);

}  // namespace metallb::admission
