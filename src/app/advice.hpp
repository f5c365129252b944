// Runs config::Advisor for the controller: watches what only advice is about, in all namespaces where the API server lets
// us.
#pragma once

#include <functional>
#include <string>

#include "app/component.hpp"
#include "config/advisor.hpp"
#include "io/driver.hpp"

namespace metallb::app {

class AdviceRuntime {
 public:
  using Handle = std::function<void(config::Advisor::Output&)>;
  /// Begins at once. `component` must outlive it. Pools and Communities are the caller's to watch, with shared_scope(),
  /// since it needs them for more than advice.
  AdviceRuntime(Component& component, const config::Advisor::Options& options, Handle handle);

  /// All namespaces, or MetalLB's where the rights do not reach further, as with the original's roles.
  [[nodiscard]] io::WatchScope shared_scope();
  void feed(config::Advisor::Input input) { driver_.feed(std::move(input)); }

 private:
  template <class T>
  void follow();
  void narrowed();

  Component& component_;
  std::string namespace_;
  bool said_ = false;
  config::Advisor core_;
  io::Driver<config::Advisor, config::Advisor::Input, config::Advisor::Output> driver_;
};

}  // namespace metallb::app
