#include "controller/instance.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "controller/kept_service.hpp"
#include "kube/event_note.hpp"
#include "kube/json.hpp"

namespace metallb::controller {
namespace {

/// Services brought in order per call of on_time(): well under a millisecond of work each slice.
constexpr int kSlice = 64;
/// Services looked at per call where looking is all there is to do.
constexpr int kScan = 512;
/// At start, before Services are told that there is no pool: one that is applied along with MetalLB has come by then.
constexpr Duration kGrace = std::chrono::seconds(10);

}  // namespace

Instance::Instance(Options options, Log log) : options_(std::move(options)), log_(log), leading_(options_.leads) {}

void Instance::on_input(Now now, const Input& in, Output&) {
  std::visit(
      [&](const auto& change) {
        if constexpr (requires { apply(now, change); }) {
          apply(now, change);
        } else {
          apply(change);
        }
      },
      in);
}

void Instance::on_time(Now now, Output& out) {
  if (config_due()) load_config(now, out);
  if (phase_ == Phase::kWaiting) {
    if (ready_to_adopt()) {
      start_adopting();
    } else if (all_is_listed()) {
      explain_slice(now, out);
    }
    return;
  }
  if (phase_ == Phase::kAdopting) return adopt_slice(now, kScan);

  if (resync_) resync_slice(kScan);
  for (int i = 0; i < kSlice && !congested(); ++i) {
    if (const auto key = queue_.take(now.steady)) {
      reconcile(now, *key, out);
    } else if (!sweep()) {
      break;
    }
  }
  if (queue_.ready() > 0 || !sweeps_.empty()) return;  // Services first: somebody waits for them
  const auto wanted = [this](const std::string& pool) -> std::optional<kube::IPAddressPoolStatus> {
    if (!config_->pools.contains(pool)) return std::nullopt;
    const auto statistics = allocator_.statistics(pool);
    const auto available = statistics.available();
    return kube::IPAddressPoolStatus{statistics.in_use.v4, statistics.in_use.v6, available.v4, available.v6};
  };
  while (auto write = pool_status_.next(now.steady, ActionId(last_action_ + 1), wanted)) {
    ++last_action_;
    out.emplace_back(*std::move(write));
  }
}

void Instance::explain_slice(Now now, Output& out) {
  if (!explains_from_) explains_from_ = now.steady + kGrace;
  if (now.steady < *explains_from_) return;
  if (resync_) resync_slice(kScan);
  for (int i = 0; i < kSlice; ++i) {
    const auto key = queue_.take(now.steady);
    if (!key) break;
    explain(*key, out);
    queue_.forget(*key);
    queue_.done(*key);
  }
}

SteadyPoint Instance::next_deadline() const {
  if (config_due()) return SteadyPoint::min();
  if (phase_ == Phase::kWaiting) {
    if (!all_is_listed()) return kIdle;
    if (ready_to_adopt() || !explains_from_) return SteadyPoint::min();
    return resync_ || queue_.ready() > 0 ? *explains_from_ : kIdle;
  }
  if (phase_ == Phase::kAdopting || resync_) return SteadyPoint::min();
  // Whoever waits in the queue is woken by the next answer.
  if (congested()) return queue_.ready() == 0 && sweeps_.empty() ? pool_status_.next_deadline() : kIdle;
  if (!sweeps_.empty()) return SteadyPoint::min();
  return std::min(queue_.next_deadline(), pool_status_.next_deadline());
}

const Decision* Instance::decision(const ServiceKey& service) const {
  static constexpr auto plain = [](Decision::State state) { return Decision{state, {}, {}}; };
  static const std::array kPlain{plain(Decision::State::kAssigned), plain(Decision::State::kPartial),
                                 plain(Decision::State::kPending), plain(Decision::State::kRefused)};
  const auto found = records_.find(service);
  if (found == records_.end()) return nullptr;
  const auto& record = found->second;
  return record.why ? record.why.get() : &kPlain.at(std::to_underlying(record.state));
}

void Instance::Record::decide(Decision decision) {
  state = decision.state;
  const bool plain = decision.reason.empty() && decision.details.empty();
  why = plain ? nullptr : std::make_unique<const Decision>(std::move(decision));
}

void Instance::apply(Now now, const kube::Change<kube::Service>& change) {
  const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(&change);
  const auto before = services_.apply(upserted ? kube::Upserted<kube::Service>{kept_of(*upserted->object)} : change);
  if (std::holds_alternative<kube::Listed<kube::Service>>(change)) {
    awaited_.services = false;
    // A relist may have passed by changes that the watch would have told of.
    resync_ = ServiceKey{};
    return;
  }
  ++metrics_.updates_total;
  if (const auto* removed = std::get_if<kube::Removed<kube::Service>>(&change)) return forget(now, removed->key);

  const auto& service = *upserted->object;
  const auto key = service.metadata.key();
  if (const auto writing = writing_.find(key); writing != writing_.end()) {
    in_flight_.at(writing->second).seen.push_back(service.metadata.resourceVersion);
  }
  if (const auto record = records_.find(key);
      record != records_.end() && record->second.unwritten && !record->second.newer_than(service)) {
    record->second.unwritten.reset();
  }
  if (before && before->metadata.uid != service.metadata.uid) {
    forget(now, key);  // deleted and created again between two looks
  } else if (before && before->metadata.resourceVersion == service.metadata.resourceVersion) {
    return;  // the echo of an own write, or a relist
  }
  if ((phase_ == Phase::kWaiting && !explains_from_) || !concerns(service)) return;
  if (phase_ == Phase::kAdopting) {
    adopting_.push_back(key);
    return;
  }
  if (phase_ == Phase::kRunning || records_.contains(key)) records_[key].by_event = true;
  queue_.add(key);
}

void Instance::apply(Now now, const kube::Change<kube::IPAddressPool>& change) {
  const auto before = pools_.apply(change);
  if (std::holds_alternative<kube::Listed<kube::IPAddressPool>>(change)) awaited_.pools = false;
  if (const auto* upserted = std::get_if<kube::Upserted<kube::IPAddressPool>>(&change)) {
    const auto& pool = *upserted->object;
    if (pool.metadata.namespace_ != options_.namespace_) return;
    pool_status_.observed(now.steady, pool);
    // Counters and labels have no say in the configuration.
    if (!before || before->spec != pool.spec) config_dirty_ = true;
  } else if (const auto* removed = std::get_if<kube::Removed<kube::IPAddressPool>>(&change)) {
    if (removed->key.namespace_ != options_.namespace_) return;
    pool_status_.removed(removed->key.name);
    config_dirty_ = true;
  } else if (!config_) {
    config_dirty_ = true;
  }
}

void Instance::apply(const kube::Change<kube::Community>& change) {
  communities_.apply(change);
  config_dirty_ = true;
}

void Instance::apply(const kube::Change<kube::Namespace>& change) {
  const auto before = namespaces_.apply(change);
  if (std::holds_alternative<kube::Listed<kube::Namespace>>(change)) awaited_.namespaces = false;
  if (!config_) {
    config_dirty_ = true;
    return;
  }
  if (const auto* upserted = std::get_if<kube::Upserted<kube::Namespace>>(&change)) {
    if (before && before->metadata.labels == upserted->object->metadata.labels) return;
  } else if (!before) {
    return;
  }
  const auto selects = [](const auto& entry) {
    const auto& allocation = entry.second->spec.serviceAllocation;
    return allocation && !allocation->namespaceSelectors.empty();
  };
  if (std::any_of(pools_.objects().begin(), pools_.objects().end(), selects)) config_dirty_ = true;
}

void Instance::apply(Now now, const kube::WriteDone& done) {
  const auto found = in_flight_.find(done.id);
  if (found == in_flight_.end()) {
    if (pool_status_.done(now.steady, done.id, done.result.has_value()) && !done.result) {
      log_.warn(
          {{"op", "updatePoolStatus"}, {"error", done.result.error().message}, {"msg", "failed to write pool status"}});
    }
    return;
  }
  const auto flight = std::move(found->second);
  in_flight_.erase(found);
  const auto& key = flight.service;
  writing_.erase(key);

  using Reason = kube::WriteError::Reason;
  if (done.result) {
    if (written(flight, *done.result)) {
      queue_.forget(key);
      queue_.add(key);  // the object may have changed under the write
      follow_touched(now);
    } else {
      ++metrics_.update_errors_total;
      (void)queue_.retry(now.steady, key);
    }
  } else if (done.result.error().reason == Reason::kNotFound || done.result.error().reason == Reason::kGone) {
    queue_.forget(key);  // the watch will say so
  } else {
    ++metrics_.update_errors_total;
    const auto delay = queue_.retry(now.steady, key);
    log_.warn({{"op", "updateServiceStatus"},
               {"service", key.to_string()},
               {"error", done.result.error().message},
               {"retryMilliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()},
               {"msg", "failed to write service status, will try again"}});
  }
  queue_.done(key);
}

bool Instance::written(const InFlight& flight, const std::string& answer) {
  const auto& key = flight.service;
  auto current = services_.get(key);
  if (!current || current->metadata.uid != flight.uid) return true;
  auto object = kube::decode_text<kube::Service>(answer);
  if (!object) {
    // The decision stays unwritten: it is written again until an answer can be read.
    log_.error({{"op", "updateServiceStatus"},
                {"service", key.to_string()},
                {"error", object.error().to_string()},
                {"msg", "cannot read the answer to a status write, will try again"}});
    return false;
  }
  const auto version = object->metadata.resourceVersion;
  const auto record = records_.find(key);
  if (std::find(flight.seen.begin(), flight.seen.end(), version) == flight.seen.end()) {
    // Another version that was shown meanwhile may be newer than the answer; if it came from a relist, the store would wait
    // in vain for the echo. So the store keeps it, and the decision counts as unwritten until the next look finds it at the
    // API.
    if (flight.seen.size() == 1) services_.apply_write(kept_of(*object));
    if (record != records_.end() && record->second.unwritten) record->second.unwritten->version = version;
  } else if (record != records_.end()) {
    // An answer that the watch has overtaken tells nothing new, and the store would wait in vain for its echo.
    record->second.unwritten.reset();
  }
  // Pools may have changed meanwhile; then the next look at the Service decides what it leaves.
  const auto* held = allocator_.find(key);
  if ((held == nullptr ? std::vector<IpAddress>{} : held->addresses) == flight.addresses) allocator_.settle(key);
  return true;
}

bool Instance::sweep() {
  while (!sweeps_.empty()) {
    const auto at = sweeps_.begin();
    const auto& pool = at->first;
    const bool room = allocator_.has_free(pool, IpFamily::kIpv4) || allocator_.has_free(pool, IpFamily::kIpv6);
    if (const auto next = room ? waiting_.next_for_pool(pool, at->second) : std::nullopt) {
      at->second = *next;
      queue_.add(*next);
      return true;
    }
    sweeps_.erase(at);
  }
  return false;
}

void Instance::forget(Now now, const ServiceKey& key) {
  records_.erase(key);
  waiting_.remove(key);
  allocator_.release(key);
  follow_touched(now);
}

void Instance::follow_touched(Now now) {
  for (const auto& touched : allocator_.take_touched()) {
    pool_status_.changed(now.steady, touched.pool);
    for (const auto& key : waiting_.for_address(touched.address)) queue_.add(key);
    if (touched.freed) sweeps_[touched.pool].reset();
    if (touched.sharing_key.empty()) continue;
    for (const auto& key : waiting_.for_sharing(touched.pool, touched.sharing_key)) queue_.add(key);
  }
}

}  // namespace metallb::controller
