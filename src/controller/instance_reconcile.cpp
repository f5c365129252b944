// Instance: one Service brought in order, and told to the API.
#include <functional>

#include "controller/instance.hpp"
#include "controller/status_patch.hpp"
#include "kube/event_note.hpp"

namespace metallb::controller {
namespace {

std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(address.to_string());
  return out;
}

Decision decision_of(const Outcome& outcome) {
  using State = Decision::State;
  const bool has = !outcome.addresses.empty();
  const auto state = outcome.failed && (has || outcome.keep_status) ? State::kRefused
                     : !has                                         ? State::kPending
                     : outcome.reason.empty()                       ? State::kAssigned
                                                                    : State::kPartial;
  return {state, outcome.reason, outcome.details};
}

}  // namespace

bool Instance::concerns(const kube::Service& service) const {
  const auto key = service.metadata.key();
  if (records_.contains(key) || allocator_.knows(key)) return true;
  if (!class_matches(service, options_.lb_class)) return false;
  return service.spec.type == "LoadBalancer" || !service.status.loadBalancer.ingress.empty() ||
         service.metadata.annotations.contains(std::string(kAllocatedFromAnnotation));
}

void Instance::reconcile(Now now, const ServiceKey& key, Output& out) {
  bool writing = false;
  if (const auto service = services_.get(key); service && concerns(*service)) {
    const bool balanced = service->spec.type == "LoadBalancer";
    if (balanced && !class_matches(*service, options_.lb_class)) {
      // Somebody else's now, status and all (controller spec 8.1).
      records_.erase(key);
      waiting_.remove(key);
      allocator_.release(key);
    } else {
      auto& record = records_[key];
      const auto held = record.newer_than(*service) ? texts(record.unwritten->addresses) : status_addresses(*service);
      auto outcome = converge(*service, held, *config_, allocator_, options_.namespace_);
      writing = publish(*service, record, std::move(outcome), out);
      if (!writing && !balanced) {
        records_.erase(key);
        waiting_.remove(key);
      }
    }
  }
  if (!writing) {
    queue_.forget(key);
    queue_.done(key);
  }
  follow_touched(now);
}

void Instance::explain(const ServiceKey& key, Output& out) {
  const auto service = services_.get(key);
  const bool waits = service && service->spec.type == "LoadBalancer" && class_matches(*service, options_.lb_class) &&
                     status_addresses(*service).empty();
  if (!waits) {
    records_.erase(key);
    return;
  }
  if (records_.size() >= kMostExplained && !records_.contains(key)) return;
  ipam::Allocator nobody;
  const auto outcome = converge(*service, {}, *config_, nobody, options_.namespace_);
  auto& record = records_[key];
  tell(*service, outcome, record, out);
  record.decide(decision_of(outcome));
  record.by_event = false;
}

bool Instance::publish(const kube::Service& service, Record& record, Outcome outcome, Output& out) {
  const auto key = service.metadata.key();
  waiting_.set(key, std::move(outcome.interest));
  if (outcome.failed && record.by_event) ++metrics_.update_errors_total;
  tell(service, outcome, record, out);
  record.decide(decision_of(outcome));
  record.by_event = false;
  if (outcome.keep_status) return false;

  // Where the object at the API may be newer than what is known of it, the whole decision is written, or found there.
  const bool uncertain = record.newer_than(service);
  const auto patch = uncertain ? full_service_patch(outcome.addresses, outcome.pool)
                               : service_patch(service, outcome.addresses, outcome.pool);
  if (!patch) {
    allocator_.settle(key);
    return false;
  }
  if (!uncertain) {
    for (const auto& annotation : deprecated_annotations(service)) {
      out.emplace_back(kube::event_note(service, kube::EventNote::Type::kWarning, "deprecatedAnnotation",
                                        "Service uses deprecated annotation " + annotation));
    }
  }
  const ActionId id(++last_action_);
  out.emplace_back(kube::Write{id, kube::Verb::kUpdate, &kube::resource_of<kube::Service>(), key, "status", *patch,
                               service.metadata.uid});
  record.unwritten = std::make_unique<Record::Unwritten>(outcome.addresses);
  writing_.emplace(key, id);
  in_flight_.emplace(id,
                     InFlight{key, service.metadata.uid, std::move(outcome.addresses), {service.metadata.resourceVersion}});
  return true;
}

void Instance::tell(const kube::Service& service, const Outcome& outcome, Record& record, Output& out) {
  std::string state;
  for (const auto& note : outcome.notes) {
    if (note.repeats) state += note.reason + "\n" + note.message + "\n";
  }
  // What has been told is not told again, unless the Service changed: then somebody is waiting to hear what came of it.
  const auto hash = state.empty() ? 0 : std::hash<std::string>{}(state);
  const bool known = !record.by_event && record.told == hash;
  record.told = hash;
  const auto name = service.metadata.key().to_string();
  for (const auto& note : outcome.notes) {
    if (note.repeats && known) continue;
    out.emplace_back(kube::event_note(service, note.type, note.reason, note.message));
    if (note.type == kube::EventNote::Type::kWarning) {
      if (const auto& bad = outcome.request_error) {
        log_.error({{"op", "allocateIPs"},
                    {"service", name},
                    {"field", bad->field},
                    {"value", bad->value},
                    {"error", bad->problem},
                    {"remedy", bad->remedy},
                    {"msg", "invalid request for an address"}});
      } else {
        log_.error({{"op", "allocateIPs"}, {"service", name}, {"error", note.message}, {"msg", "IP allocation failed"}});
      }
    } else if (note.reason == "IPAllocated") {
      log_.info({{"event", "ipAllocated"},
                 {"service", name},
                 {"ips", texts(outcome.addresses)},
                 {"pool", outcome.pool},
                 {"msg", "IP address assigned by controller"}});
    } else {
      log_.info({{"event", note.reason}, {"service", name}, {"msg", note.message}});
    }
  }
}

}  // namespace metallb::controller
