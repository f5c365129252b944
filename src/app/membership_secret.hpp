// Runs controller::MembershipSecret: asks the API server what it wants to know and writes what it wants made.
#pragma once

#include <memory>
#include <string>

#include "app/component.hpp"
#include "controller/membership_secret.hpp"
#include "io/driver.hpp"

namespace metallb::app {

/// 16 random bytes in unpadded base64 (RFC 4648, Section 4), as the original makes them.
[[nodiscard]] std::string new_membership_secret();

class MembershipSecretRuntime {
 public:
  /// Begins at once. `component` must outlive it.
  MembershipSecretRuntime(Component& component, controller::MembershipSecret::Options options);

 private:
  void carry_out(controller::MembershipSecret::Output& out);
  void ask(const std::string& target);

  Component& component_;
  controller::MembershipSecret core_;
  io::Driver<controller::MembershipSecret, controller::MembershipSecret::Input, controller::MembershipSecret::Output>
      driver_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  ///< answers may come later than this ends
};

}  // namespace metallb::app
