// The ConfigurationState of this process, kept up to date at the API.
#pragma once

#include "app/component.hpp"
#include "config/state_report.hpp"
#include "io/driver.hpp"

namespace metallb::app {

class ConfigurationReport {
 public:
  ConfigurationReport(Component& component, const config::StateReport::Options& options);

  void conclude(config::Conclusion conclusion) { driver_.feed(std::move(conclusion)); }
  /// From now on it is told when the watched kind cannot be read.
  void rely_on(io::KubeWatch& watch, std::string resource) {
    watch.on_trouble([this, resource = std::move(resource)](const std::string& cause) {
      driver_.feed(config::Unreadable{resource, cause});
    });
  }
  void warn(config::Warnings warnings) { driver_.feed(std::move(warnings)); }
  /// Whether this replica is the one that reports; at first it is.
  void mandate(bool held) { driver_.feed(config::Mandate{held}); }

 private:
  void carry_out(config::StateReport::Output& out);

  Component& component_;
  config::StateReport core_;
  io::Driver<config::StateReport, config::StateReport::Input, config::StateReport::Output> driver_;
};

}  // namespace metallb::app
