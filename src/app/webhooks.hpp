// The webhooks of the controller: the listener, what answers on it, and the certificates that it is served with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "admission/certificate_keeper.hpp"
#include "app/component.hpp"
#include "io/driver.hpp"
#include "io/http/tls_profile.hpp"
#include "io/webhooks/certificates.hpp"
#include "io/webhooks/webhook_handler.hpp"
#include "io/webhooks/webhook_server.hpp"

namespace metallb::app {

class Webhooks {
 public:
  struct Options {
    std::string namespace_;  ///< MetalLB's own
    io::TlsProfile tls;
    bool rotate = true;                 ///< keep the certificates; else take what is in certificate_directory
    std::string secret;                 ///< that holds the certificates
    std::string service;                ///< that API servers reach the listener by
    std::string certificate_directory;  ///< with tls.crt and tls.key; only without rotation
    std::uint16_t port = 9443;
  };
  /// Begins at once; listens as soon as there is a certificate. `component` must outlive it.
  Webhooks(Component& component, const Options& options);
  [[nodiscard]] bool listening() const { return server_.listening(); }

 private:
  using Keeper = admission::CertificateKeeper;

  /// What keeping certificates takes.
  class Rotation {
   public:
    Rotation(Component& component, io::WebhookServer& server, const Options& options);

   private:
    void watch_secret(const ObjectKey& secret);
    template <class T>
    void watch_holder(admission::BundleHolder holder);
    void carry_out(Keeper::Output& out);

    Component& component_;
    io::WebhookServer& server_;
    Keeper core_;
    io::CertificateMaker maker_;
    bool secret_exists_ = false;
    std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< answers may come later than this ends
    io::Driver<Keeper, Keeper::Input, Keeper::Output> driver_;
  };

  io::WebhookHandler handler_;
  io::WebhookServer server_;
  std::optional<Rotation> rotation_;
  std::optional<io::CertificateFiles> files_;
};

}  // namespace metallb::app
