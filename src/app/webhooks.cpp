#include "app/webhooks.hpp"

#include <utility>
#include <variant>

#include "base/cases.hpp"
#include "io/webhooks/ca_injector.hpp"
#include "kube/objects/registration.hpp"

namespace metallb::app {

Webhooks::Webhooks(Component& component, const Options& options)
    : handler_(component.client(), options.namespace_, component.log()),
      server_(
          component.loop(), {.address = "", .port = options.port, .tls = options.tls},
          [this](const io::HttpServerRequest& request, std::shared_ptr<io::HttpResponder> responder) {
            handler_.answer(request, std::move(responder));
          },
          component.log()) {
  if (options.rotate) {
    component.log().info({{"op", "startup"}, {"action", "setting up cert rotation"}});
    rotation_.emplace(component, server_, options);
  } else {
    files_.emplace(
        component.loop(), options.certificate_directory,
        [this](io::CertificateAndKey certificate) { server_.use(std::move(certificate)); }, component.log());
  }
}

Webhooks::Rotation::Rotation(Component& component, io::WebhookServer& server, const Options& options)
    : component_(component),
      server_(server),
      core_({.secret = {options.namespace_, options.secret},
             .server_name = options.service + "." + options.namespace_ + ".svc"},
            component.log()),
      maker_(component.loop()),
      driver_(component.loop(), core_, [this](Keeper::Output& out) { carry_out(out); }) {
  watch_secret({options.namespace_, options.secret});
  watch_holder<kube::ValidatingWebhookConfiguration>(admission::BundleHolder::kWebhookConfiguration);
  watch_holder<kube::CustomResourceDefinition>(admission::BundleHolder::kPeerDefinition);
}

void Webhooks::Rotation::watch_secret(const ObjectKey& secret) {
  component_.watch<kube::Secret>(
      {.namespace_ = secret.namespace_, .label_selector = {}, .field_selector = "metadata.name=" + secret.name},
      [this](const kube::Change<kube::Secret>& change) {
        std::visit(Cases{[this](const kube::Upserted<kube::Secret>& seen) {
                           secret_exists_ = true;
                           driver_.feed(io::read_secret(*seen.object));
                         },
                         [this](const kube::Removed<kube::Secret>&) {
                           secret_exists_ = false;
                           driver_.feed(admission::SecretMissing{});
                         },
                         [this](const kube::Listed<kube::Secret>&) {
                           if (!secret_exists_) driver_.feed(admission::SecretMissing{});
                         }},
                   change);
      });
}

template <class T>
void Webhooks::Rotation::watch_holder(admission::BundleHolder holder) {
  component_.watch<T>(
      {.namespace_ = {}, .label_selector = {}, .field_selector = "metadata.name=" + admission::name_of(holder)},
      [this, holder](const kube::Change<T>& change) {
        if (std::holds_alternative<kube::Upserted<T>>(change)) driver_.feed(admission::HolderSeen{holder});
      });
}

void Webhooks::Rotation::carry_out(Keeper::Output& out) {
  const auto feed_later = [this, alive = std::weak_ptr(alive_)](auto outcome) {
    if (!alive.expired()) driver_.feed(std::move(outcome));
  };
  for (auto& action : out) {
    std::visit(Cases{[&](admission::Make& make) { maker_.make(std::move(make), feed_later); },
                     [&](kube::Write& write) { component_.write(std::move(write), feed_later); },
                     [&](admission::Serve& serve) {
                       server_.use({.certificate_pem = std::move(serve.certificate), .key_pem = std::move(serve.key)});
                     },
                     [&](const admission::Inject& inject) {
                       const auto& log = component_.log();
                       io::inject_authority(
                           component_.client(), inject,
                           [feed_later, log, holder = inject.holder](const std::expected<bool, std::string>& done) {
                             if (done.value_or(false)) {
                               log.info({{"op", "certificates"},
                                         {"name", admission::name_of(holder)},
                                         {"msg", "told the API server the webhooks' authority"}});
                             }
                             if (!done) return feed_later(admission::Injected{holder, std::unexpected(done.error())});
                             feed_later(admission::Injected{holder, {}});
                           });
                     }},
               action);
  }
}

}  // namespace metallb::app
