// Pool entries as users write them, through the whole of config::build: any text is either prefixes or an error that names
// object, field and remedy. One line of input is one entry of spec.addresses; an empty line begins the next pool.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/contract.hpp"
#include "config/build.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  config::Resources resources;
  auto pool = std::make_shared<kube::IPAddressPool>();
  const auto finish = [&] {
    pool->metadata.namespace_ = "metallb-system";
    pool->metadata.name = "pool" + std::to_string(resources.pools.size());
    pool->spec.avoidBuggyIPs = resources.pools.size() % 2 == 1;
    resources.pools.push_back(std::exchange(pool, std::make_shared<kube::IPAddressPool>()));
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (line.empty()) {
      finish();
    } else {
      pool->spec.addresses.emplace_back(line);
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  finish();

  const auto [config, errors] = config::build(resources);
  for (const auto& error : errors) {
    METALLB_CONTRACT(error.kind == "IPAddressPool" && !error.key.name.empty(), "an error names its object");
    METALLB_CONTRACT(!error.field.empty() && !error.problem.empty() && !error.remedy.empty(), "an error explains itself");
  }
  METALLB_CONTRACT(config.pools.size() + errors.size() == resources.pools.size(), "a pool is in force, or has an error");
  for (const auto& [name, built] : config.pools) {
    METALLB_CONTRACT(!built.prefixes.empty(), "a pool that was accepted has addresses");
    for (const auto& prefix : built.prefixes) {
      METALLB_CONTRACT(prefix.contains(prefix.last()), "a prefix ends within itself");
      if (const auto* owner = config.pool_of({{prefix.first()}})) {
        METALLB_CONTRACT(owner == &built, "no address belongs to two pools");
      }
    }
  }
  return 0;
}
