// Instance: the configuration, and the way from knowing nothing to making decisions.
#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/instance.hpp"
#include "kube/event_note.hpp"

namespace metallb::controller {
namespace {

/// The objects of the namespace that count.
template <class T>
config::Objects<T> objects_in(const kube::Store<T>& store, const std::string& namespace_) {
  config::Objects<T> out;
  for (const auto& [key, object] : store.objects()) {
    if (key.namespace_ == namespace_) out.push_back(object);
  }
  return out;
}

std::vector<ipam::PoolSpec> specs_of(const config::Config& config) {
  std::vector<ipam::PoolSpec> out;
  for (const auto& [name, pool] : config.pools) out.push_back({name, pool.prefixes, pool.avoid_buggy_ips});
  return out;
}

constexpr const char* kInvalid = "InvalidConfiguration";
constexpr const char* kPoolKind = "IPAddressPool";

}  // namespace

void Instance::load_config(Now now, Output& out) {
  config_dirty_ = false;
  ++metrics_.updates_total;
  config::Resources resources;
  resources.pools = objects_in(pools_, options_.namespace_);
  // Nothing depends on them here; but who wrote them should hear of an error, once, and not from every speaker.
  resources.communities = objects_in(communities_, options_.namespace_);
  for (const auto& [key, object] : namespaces_.objects()) resources.namespaces.push_back(object);
  auto built = last_good_.build(resources);
  // Also false when the running configuration is back: the bad one in between is gone (controller spec 8.1).
  metrics_.config_stale =
      std::any_of(built.errors.begin(), built.errors.end(), [](const auto& error) { return error.kind == kPoolKind; });
  if (leading_) report(std::move(built.errors), out);
  if (!metrics_.config_stale) metrics_.config_loaded = true;
  if (config_ && *config_ == built.config) return;

  const bool redefined = !config_ || specs_of(*config_) != specs_of(built.config);
  config_ = std::move(built.config);
  if (redefined) allocator_.set_pools(specs_of(*config_));
  for (const auto& [name, pool] : config_->pools) pool_status_.changed(now.steady, name);
  resync_ = ServiceKey{};
  log_.info({{"op", "setConfig"}, {"pools", config_->pools.size()}, {"msg", "configuration loaded"}});
}

void Instance::apply(const Leading& in) {
  if (std::exchange(leading_, in.leads) == in.leads) return;
  if (!leading_) return stand_by();
  awaited_ = {.services = true, .pools = true, .namespaces = true};
  // What is wrong is told by whoever leads, to whom it is news.
  config_errors_.clear();
  config_dirty_ = true;
}

/// Objects and configuration stay; what was made of them is somebody else's to decide now.
void Instance::stand_by() {
  phase_ = Phase::kWaiting;
  explains_from_.reset();
  queue_ = {};
  adopting_.clear();
  refused_.clear();
  resync_.reset();
  sweeps_.clear();
  records_.clear();
  waiting_ = {};
  pool_status_.forget_writes();
  in_flight_.clear();
  writing_.clear();
  allocator_ = {};
  if (config_) allocator_.set_pools(specs_of(*config_));
}

void Instance::report(std::vector<config::ConfigError> errors, Output& out) {
  const auto told = std::exchange(config_errors_, std::move(errors));
  for (const auto& error : config_errors_) {
    if (std::find(told.begin(), told.end(), error) != told.end()) continue;
    log_.error({{"op", "loadConfig"},
                {"object", error.object},
                {"field", error.field},
                {"error", error.problem},
                {"remedy", error.remedy},
                {"meanwhile", error.meanwhile},
                {"msg", "failed to parse the configuration"}});
    const auto complain = [&](const auto& object) {
      if (!object) return;
      out.emplace_back(kube::event_note(*object, kube::EventNote::Type::kWarning, kInvalid, error.explanation()));
    };
    if (error.kind == kPoolKind) complain(pools_.get(error.key));
    if (error.kind == "Community") complain(communities_.get(error.key));
  }
  config::Conclusion conclusion;
  for (const auto& error : config_errors_) {
    // That of a Community is the speakers' to tell: addresses are assigned all the same.
    if (error.kind == kPoolKind) conclusion.problems.push_back(error.to_string());
  }
  out.emplace_back(std::move(conclusion));
}

void Instance::start_adopting() {
  phase_ = Phase::kAdopting;
  queue_ = {};
  struct Holder {
    std::size_t count;
    std::string created;  ///< RFC 3339 in UTC, so the texts' order is that of the times
    ServiceKey key;
  };
  std::vector<Holder> holders;
  for (const auto& [key, service] : services_.objects()) {
    const auto count = service->status.loadBalancer.ingress.size();
    if (count > 0 && class_matches(*service, options_.lb_class))
      holders.push_back({count, service->metadata.creationTimestamp, key});
  }
  // The most addresses first (controller spec 5.3), then the oldest, which keeps an address that was given out twice; taken
  // from the back.
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) {
    return a.count != b.count ? a.count < b.count : std::tie(b.created, b.key) < std::tie(a.created, a.key);
  });
  for (auto& holder : holders) adopting_.push_back(std::move(holder.key));
}

void Instance::adopt_slice(Now now, int budget) {
  for (; budget > 0 && !adopting_.empty(); --budget) {
    const auto key = std::move(adopting_.back());
    adopting_.pop_back();
    const auto service = services_.get(key);
    if (!service || !class_matches(*service, options_.lb_class)) continue;
    if (!adopt(*service, allocator_)) refused_.push_back(key);
    queue_.add(key);  // holders are looked at before those who wait
  }
  // Afterwards, so that who may keep an address keeps it beside one who only shows it.
  for (; budget > 0 && !refused_.empty(); --budget) {
    if (const auto service = services_.get(refused_.back())) reserve(*service, allocator_);
    refused_.pop_back();
  }
  if (!adopting_.empty() || !refused_.empty()) return;
  (void)allocator_.take_touched();
  phase_ = Phase::kRunning;
  for (const auto& [name, pool] : config_->pools) pool_status_.changed(now.steady, name);
  resync_ = ServiceKey{};
  log_.info({{"op", "start"}, {"services", services_.size()}, {"msg", "all services are known, assigning addresses"}});
}

void Instance::resync_slice(int budget) {
  auto at = services_.objects().lower_bound(*resync_);
  for (; budget > 0 && at != services_.objects().end(); --budget, ++at) {
    if (concerns(*at->second)) queue_.add(at->first);
  }
  if (at == services_.objects().end()) {
    resync_.reset();
  } else {
    resync_ = at->first;
  }
}

}  // namespace metallb::controller
