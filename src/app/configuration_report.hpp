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
  /// Whether this replica is the one that reports; at first it is.
  void mandate(bool held) { driver_.feed(config::Mandate{held}); }

 private:
  void carry_out(config::StateReport::Output& out);

  Component& component_;
  config::StateReport core_;
  io::Driver<config::StateReport, config::StateReport::Input, config::StateReport::Output> driver_;
};

}  // namespace metallb::app
