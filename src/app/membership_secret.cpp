#include "app/membership_secret.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <utility>
#include <variant>

#include "base/cases.hpp"
#include "io/entropy.hpp"
#include "kube/resource.hpp"

namespace metallb::app {
namespace {

/// A kind that only this reads, and of which it needs no more than the uid.
constexpr kube::Resource kDeployments{"apps", "v1", "deployments", "Deployment"};

}  // namespace

std::string new_membership_secret() {
  std::array<std::uint8_t, 16> bytes{};
  io::fill_random(bytes);
  std::array<unsigned char, 25> text{};  // with padding and a terminating zero
  const auto length = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  std::string out(text.begin(), text.begin() + length);
  return out.substr(0, out.find('='));
}

MembershipSecretRuntime::MembershipSecretRuntime(Component& component, controller::MembershipSecret::Options options)
    : component_(component),
      core_(std::move(options), component.log()),
      driver_(component.loop(), core_, [this](auto& out) { carry_out(out); }) {
  driver_.wake();
}

void MembershipSecretRuntime::carry_out(controller::MembershipSecret::Output& out) {
  for (auto& action : out) {
    std::visit(Cases{[this](const controller::ListSecret& list) {
                       const auto& secrets = kube::resource_of<kube::Secret>();
                       ask(secrets.path(list.key.namespace_) +
                           "?fieldSelector=" + kube::query_value("metadata.name=" + list.key.name));
                     },
                     [this](const controller::ReadDeployment& read) { ask(kDeployments.path(read.key)); },
                     [this](kube::Write& write) {
                       component_.write(std::move(write), [this, alive = std::weak_ptr(alive_)](kube::WriteDone done) {
                         if (!alive.expired()) driver_.feed(std::move(done));
                       });
                     }},
               action);
  }
}

void MembershipSecretRuntime::ask(const std::string& target) {
  io::KubeClient::Request request;
  request.target = target;
  component_.client().request(std::move(request), [this, alive = std::weak_ptr(alive_)](auto answer) {
    if (alive.expired()) return;
    driver_.feed(answer ? controller::Answer{answer->status, std::move(answer->body)}
                        : controller::Answer{0, answer.error().to_string()});
  });
}

}  // namespace metallb::app
