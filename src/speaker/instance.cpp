#include "speaker/instance.hpp"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/state_machine.hpp"
#include "speaker/concluded.hpp"
#include "speaker/kept_service.hpp"

namespace metallb::speaker {

static_assert(StateMachine<Instance, Input, Output>);

namespace {

// One slice of work: so many Services, or so many candidates ranked, whichever comes first. Some milliseconds.
constexpr std::size_t kServicesPerSlice = 64;
constexpr std::size_t kCandidatesPerSlice = 4096;

}  // namespace

Instance::Instance(Options options, Log log)
    : options_(std::move(options)),
      log_(log),
      slices_([](const kube::EndpointSlice& slice) -> std::vector<std::string> {
        const auto service = service_of(slice);
        if (!service) return {};
        return {service->to_string()};
      }),
      configuration_(options_.namespace_, options_.node_name, log),
      announcements_(options_.node_name, log),
      bgp_({.node = options_.node_name,
            .namespace_ = options_.namespace_,
            .ignore_exclude_label = options_.ignore_exclude_lb},
           {.advertisement = [this](const ObjectKey& key) { return configuration_.bgp_advertisement(key); },
            .peer = [this](const ObjectKey& key) { return configuration_.bgp_peer(key); }},
           log),
      statuses_(options_.node_name, options_.namespace_, options_.pod, log),
      bgp_statuses_(options_.node_name, options_.namespace_, options_.pod, log) {}

void Instance::on_input(Now now, const Input& input, Output& out) {
  std::visit(
      [&](const auto& in) {
        using T = std::decay_t<decltype(in)>;
        if constexpr (std::is_same_v<T, kube::WriteDone>) {
          // Each knows its own by their numbers.
          statuses_.on_write_done(now, in);
          bgp_statuses_.on_write_done(now, in);
        } else if constexpr (std::is_same_v<T, kube::Change<kube::ServiceL2Status>>) {
          statuses_.on_change(in);
        } else if constexpr (std::is_same_v<T, kube::Change<kube::ServiceBGPStatus>>) {
          bgp_statuses_.on_change(in);
        } else if constexpr (std::is_same_v<T, BgpSessionChanged>) {
          bgp_.session_changed(now.steady, in.peer, in.established, in.problem);
        } else if constexpr (std::is_same_v<T, layer2::ConflictSeen>) {
          contest(now.steady, in, out);
        } else if constexpr (std::is_same_v<T, kube::Change<kube::ConfigMap>>) {
          report_extras(in, out);
        } else if constexpr (requires { configuration_.on_change(in); }) {
          configuration_.on_change(in);
          if constexpr (std::is_same_v<T, kube::Change<kube::Node>>) note(in);
          if constexpr (std::is_same_v<T, kube::Change<kube::BGPPeer>>) bgp_.peers_changed(now.steady);
        } else {
          note(in);
        }
      },
      input);
}

void Instance::look_at(const ServiceKey& key) {
  // Before the whole picture is there the first pass, which looks at everything in its own order, is still to come.
  if (ready()) changed_.add(key);
}

void Instance::note(const kube::Change<kube::Service>& change) {
  if (const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(&change)) {
    services_.apply(kube::Upserted<kube::Service>{kept_of(*upserted->object)});
    look_at(upserted->object->metadata.key());
    return;
  }
  services_.apply(change);
  if (const auto* removed = std::get_if<kube::Removed<kube::Service>>(&change)) look_at(removed->key);
}

void Instance::note(const kube::Change<kube::EndpointSlice>& change) {
  const auto look_at_service_of = [this](const kube::EndpointSlice& slice) {
    if (const auto service = service_of(slice)) look_at(*service);
  };
  // Of the Service that the slice belonged to before, too: the label may have moved.
  if (const auto before = slices_.apply(change)) look_at_service_of(*before);
  if (const auto* upserted = std::get_if<kube::Upserted<kube::EndpointSlice>>(&change)) {
    look_at_service_of(*upserted->object);
    if (!service_of(*upserted->object)) {
      log_.error({{"op", "getEndpointSlices"},
                  {"endpointSlice", upserted->object->metadata.key().to_string()},
                  {"error", "no label kubernetes.io/service-name"},
                  {"msg", "ignoring an EndpointSlice that names no Service"}});
    }
  }
}

void Instance::note(const kube::Change<kube::Node>& change) {
  if (const auto* upserted = std::get_if<kube::Upserted<kube::Node>>(&change)) {
    if (upserted->object->metadata.name == options_.node_name) note_own(*upserted->object);
    const auto facts = facts_of(*upserted->object);
    const auto [known, is_new] = nodes_.try_emplace(upserted->object->metadata.name, facts);
    if (!is_new && known->second == facts) return;
    known->second = facts;
  } else if (const auto* removed = std::get_if<kube::Removed<kube::Node>>(&change)) {
    if (nodes_.erase(removed->key.name) == 0) return;
  } else {
    return;
  }
  ++updates_;
  pass_due_ = true;
}

void Instance::note(const MembersChanged& change) {
  if (members_ == change) return;
  const auto before = std::exchange(members_, change);
  hurry(before);
  joined_ = joined_ || (members_.members && !members_.hold_takeovers);
  pass_due_ = true;
}

void Instance::note(const Stopping& /*stopping*/) {
  if (std::exchange(stopping_, true)) return;
  statuses_.stop();
  bgp_statuses_.stop();
  pass_due_ = true;
}

void Instance::note(const InterfacesChanged& change) {
  if (interfaces_ == change.names) return;
  interfaces_ = change.names;
  pass_due_ = true;
}

void Instance::on_time(Now now, Output& out) {
  // Sessions are opened at once; what they are told waits for the Services (bgp spec 4.15).
  if (!ready()) {
    if (configuration_.listed()) configure_when_due(now.steady, out);
    return;
  }
  // Neither a new configuration nor a list of all Services to look at comes before what changes hands.
  if (!urgent()) {
    configure_when_due(now.steady, out);
    if (pass_due_) look_at_all(out);
  }

  std::size_t weight = 0;
  for (std::size_t services = 0; services < kServicesPerSlice && weight < kCandidatesPerSlice; ++services) {
    const auto more = look_at_next(now.steady, out);
    if (!more) break;
    weight += *more;
  }
  // What has to wait for the interfaces or for the members is not yet known to be announced, nor not to be.
  const bool all_known = configuration_.current() != nullptr && interfaces_.has_value() && hold() != Hold::kFirstJoin;
  if (all_known && !pass_due_ && nothing_waits()) statuses_.start();
  statuses_.on_time(now, out);
  publish_bgp(now.steady, out);
  bgp_statuses_.on_time(now, out);
}

void Instance::configure_when_due(SteadyPoint now, Output& out) {
  if (configuration_.due()) {
    ++updates_;
    build_configuration(out);
  }
  configure_bgp(now, out);
}

std::optional<std::size_t> Instance::look_at_next(SteadyPoint now, Output& out) {
  if (const auto weight = look_at_urgent(now, out)) return weight;
  if (const auto key = changed_.take(now)) {
    ++updates_;
    const auto subject = subject_of(*key);
    const auto weight = reconcile(now, subject, out);
    reconcile_bgp(subject, out);
    changed_.done(*key);
    return weight;
  }
  if (pass_.empty()) return std::nullopt;
  const auto subject = subject_of(pass_.front()->metadata.key());
  pass_.pop_front();
  const auto weight = reconcile(now, subject, out);
  if (pass_is_for_bgp_) reconcile_bgp(subject, out);
  return weight;
}

bool Instance::nothing_waits() const {
  return !urgent() && changed_.ready() == 0 && pass_.empty();
}

SteadyPoint Instance::next_deadline() const {
  const bool configuration_waits = configuration_.due() || (configuration_.current() && bgp_peers_due_ && !stopping_);
  if (!ready()) return configuration_.listed() && configuration_waits ? SteadyPoint::min() : kIdle;
  if (urgent() || configuration_waits || pass_due_ || !pass_.empty() || bgp_waits()) return SteadyPoint::min();
  return std::min({changed_.next_deadline(), statuses_.next_deadline(), bgp_statuses_.next_deadline(),
                   stopping_ ? kIdle : bgp_.next_deadline()});
}

void Instance::look_at_all(Output& out) {
  pass_due_ = false;
  note_pass_for_bgp(out);
  // What is left of the pass before keeps its place, lest the last ones wait for ever.
  std::set<ServiceKey> waiting;
  for (const auto& service : pass_) waiting.insert(service->metadata.key());
  const auto first = std::ssize(pass_);
  for (const auto& [key, service] : services_.objects()) {
    if (service->spec.type != "LoadBalancer" && announcements_.find(key) == nullptr && !bgp_.announced().contains(key))
      continue;
    if (!waiting.contains(key)) pass_.push_back(service);
  }
  // Services that have an address first: they may carry traffic (layer2 spec 1.2).
  std::sort(pass_.begin() + first, pass_.end(), [](const auto& a, const auto& b) {
    const auto addresses_of_a = a->status.loadBalancer.ingress.size();
    const auto addresses_of_b = b->status.loadBalancer.ingress.size();
    if (addresses_of_a != addresses_of_b) return addresses_of_a > addresses_of_b;
    return std::tie(a->metadata.namespace_, a->metadata.name) < std::tie(b->metadata.namespace_, b->metadata.name);
  });
}

Electorate Instance::electorate() const {
  return {.nodes = nodes_, .members = members_.members, .ignore_exclude_label = options_.ignore_exclude_lb};
}

Instance::Subject Instance::subject_of(const ServiceKey& key) {
  Subject out{.key = key, .service = services_.get(key), .slices = {}, .pool = nullptr};
  if (out.service) out.slices = slices_.by_index(key.to_string());
  out.pool = former_pools_.pool_of(key, out.service.get(), options_.lb_class, configuration_.current());
  return out;
}

Decision Instance::decide_now(const Subject& subject, const Electorate& electorate, const Standing& standing) const {
  return decide({.node = options_.node_name,
                 .lb_class = options_.lb_class,
                 .config = configuration_.current().get(),
                 .electorate = electorate,
                 .interfaces = interfaces_},
                subject.service.get(), subject.slices, subject.pool.get(), standing);
}

std::size_t Instance::reconcile(SteadyPoint now, const Subject& subject, Output& out) {
  const auto& key = subject.key;
  auto decision = decide_now(subject, electorate(), standing_of(now, key));
  report(key, decision);

  if (announcements_.apply(now, key, subject.service.get(), decision, out)) {
    const auto* announcement = announcements_.find(key);
    statuses_.want(key, announcement != nullptr ? std::optional(announcement->interfaces) : std::nullopt);
  }
  const auto weight = decision.candidates;
  if (decision.reason == Reason::kServiceDeleted || decision.reason == Reason::kNotLoadBalancer) {
    owners_.set(key, nullptr);
    decisions_.erase(key);
    conflicts_.forget(key);
  } else {
    if (decision.action == Decision::Action::kWithdraw)
      decision.announcement = without_addresses(std::move(decision.announcement));
    owners_.set(key, &decisions_.set(key, std::move(decision)));
  }
  return weight;
}

void Instance::build_configuration(Output& out) {
  const auto before = configuration_.current();
  auto built = configuration_.build();
  if (built.changed) {
    // Before, not all Services are known, and nothing is announced.
    if (ready()) former_pools_.replaced(before, *configuration_.current(), services_, options_.lb_class);
    pass_due_ = true;
    bgp_peers_due_ = true;
    if (ready() && !stopping_) bgp_.begin_batch(out);  // before, the engine tells nothing anyway
  }
  for (auto& complaint : built.complaints) out.emplace_back(std::move(complaint));
  config::Conclusion conclusion;
  for (const auto& error : configuration_.errors()) conclusion.problems.push_back(error.to_string());
  out.emplace_back(std::move(conclusion));
}

void Instance::report(const ServiceKey& key, const Decision& decision) {
  const auto* before = decisions_.find(key);
  if (before != nullptr && before->reason == decision.reason && before->order == decision.order) return;
  const auto service = key.to_string();
  const auto reason = to_string(decision.reason);
  switch (decision.reason) {
    case Reason::kInvalidAddress:
      log_.error({{"op", "setBalancer"}, {"service", service}, {"reason", reason}, {"msg", decision.detail}});
      return;
    case Reason::kAddressNotAllowed:
      if (decision.action != Decision::Action::kAnnounce) {
        log_.error({{"op", "setBalancer"}, {"service", service}, {"reason", reason}, {"msg", decision.detail}});
        return;
      }
      return report_stranded(service, decision.detail);
    case Reason::kSharedAddressWithServiceSelector:
    case Reason::kNoMatchingInterface:
      log_.warn({{"op", "shouldAnnounce"}, {"service", service}, {"reason", reason}, {"msg", decision.detail}});
      return;
    case Reason::kAnnounced:
    case Reason::kNotOwner:
      if (!log_.debug_enabled()) return;  // these are the many of a take-over
      if (!decision.order.empty()) {
        log_.debug({{"event", "shouldannounce"},
                    {"protocol", "layer2"},
                    {"service", service},
                    {"nodes", decision.order},
                    {"msg", decision.detail}});
        return;
      }
      [[fallthrough]];
    default:
      log_.debug(
          {{"event", "skipping should announce l2"}, {"service", service}, {"reason", reason}, {"msg", decision.detail}});
  }
}

void Instance::report_stranded(const std::string& service, const std::string& detail) {
  ++update_errors_;
  log_.error({{"op", "setConfig"},
              {"service", service},
              {"reason", to_string(Reason::kAddressNotAllowed)},
              {"error", detail},
              {"msg", "service has no configuration under new config"}});
}

Metrics Instance::metrics() const {
  return {.updates_total = updates_,
          .update_errors_total = update_errors_,
          .config_loaded = configuration_.current() != nullptr,
          .config_stale = configuration_.stale()};
}

std::vector<AnnouncedSeries> Instance::announced() const {
  std::vector<AnnouncedSeries> out;
  for (const auto& [key, announcement] : announcements_.all()) {
    for (const auto& address : announcement.addresses) {
      out.push_back({key.to_string(), "layer2", options_.node_name, address.to_string()});
    }
  }
  for (const auto& [key, announcement] : bgp_.announced()) {
    for (const auto& address : announcement.addresses) {
      out.push_back({key.to_string(), "bgp", options_.node_name, address.to_string()});
    }
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace metallb::speaker
