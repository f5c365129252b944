#include "app/configuration_report.hpp"

namespace metallb::app {

ConfigurationReport::ConfigurationReport(Component& component, const config::StateReport::Options& options)
    : component_(component),
      core_(options, component.log()),
      driver_(component.loop(), core_, [this](config::StateReport::Output& out) { carry_out(out); }) {
  component_.watch<kube::ConfigurationState>(
      {.namespace_ = options.key.namespace_, .label_selector = {}, .field_selector = "metadata.name=" + options.key.name},
      [this](const kube::Change<kube::ConfigurationState>& change) { driver_.feed(change); });
}

void ConfigurationReport::carry_out(config::StateReport::Output& out) {
  for (auto& write : out) {
    component_.write(std::move(write), [this](kube::WriteDone done) { driver_.feed(std::move(done)); });
  }
}

}  // namespace metallb::app
