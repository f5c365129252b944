#include "layer2/instance.hpp"

#include <algorithm>
#include <string>

#include "base/contract.hpp"

namespace metallb::layer2 {
namespace {

/// A new filter is a walk over the table and a system call, so while many addresses come or go it is renewed only this
/// often: a microsecond per address is many times what the renewal costs, and for a handful of addresses less than a client
/// needs to ask for one. The first change is passed on at once.
constexpr Duration kCaptureIntervalPerAddress = std::chrono::microseconds(1);

bool eligible(const InterfaceState& state, const IpAddress& address) {
  return address.is_v4() ? state.arp : state.link_local.has_value();
}

/// The answer of this interface, or null.
const AnswerTable::Answer* answer_of(const AnswerTable& table, const IpAddress& address, InterfaceIndex interface) {
  const auto& answers = table.answers(address);
  const auto it = std::find_if(answers.begin(), answers.end(), [&](const auto& a) { return a.interface == interface; });
  return it == answers.end() ? nullptr : &*it;
}

}  // namespace

void Instance::on_input(Now now, const Input& in, std::vector<Action>& out) {
  if (const auto* received = std::get_if<FrameReceived>(&in)) {
    const auto port = ports_.find(received->interface);
    if (port != ports_.end()) responder_.on_frame(port->second.state, table_, received->frame, out);
    return;
  }
  if (const auto* command = std::get_if<Command>(&in)) {
    std::visit([&](const auto& c) { apply(now.steady, c, out); }, *command);
  } else if (const auto* state = std::get_if<InterfaceState>(&in)) {
    apply(now.steady, *state, out);
  } else if (const auto* gone = std::get_if<InterfaceGone>(&in)) {
    apply(now.steady, *gone, out);
  }
  on_time(now, out);
}

void Instance::on_time(Now now, std::vector<Action>& out) {
  captures_due(now.steady, out);
  announcements_due(now.steady, out);
}

SteadyPoint Instance::next_deadline() const {
  auto deadline = schedule_.next();
  for (const auto& [index, port] : ports_) {
    if (port.addresses_changed) deadline = std::min(deadline, port.capture_after);
  }
  return deadline;
}

void Instance::apply(SteadyPoint now, const Announce& command, std::vector<Action>& out) {
  const auto before = registrations_.set(command.service, command.address, command.interfaces);
  if (before == command.interfaces) return;
  table_.add(command.address);
  const auto& coverage = *registrations_.coverage(command.address);
  for (auto& [index, port] : ports_) {
    renew(now, command.address, coverage, port, out);
    // Where another service has the address already nothing changes on the wire, but this service's clients may be new.
    const auto& name = port.state.name;
    const auto is_new = command.interfaces.covers(name) && !(before && before->covers(name));
    if (is_new && eligible(port.state, command.address)) schedule_.start(now, {command.address, index});
  }
}

void Instance::apply(SteadyPoint now, const Withdraw& command, std::vector<Action>& out) {
  if (!registrations_.remove(command.service, command.address)) return;
  const auto* coverage = registrations_.coverage(command.address);
  static const InterfaceSet kNowhere;
  for (auto& [index, port] : ports_) renew(now, command.address, coverage ? *coverage : kNowhere, port, out);
  if (coverage == nullptr) table_.remove(command.address);
}

void Instance::apply(SteadyPoint now, const InterfaceState& state, std::vector<Action>& out) {
  const auto [it, added] = ports_.try_emplace(state.index, Port{.state = state});
  auto& port = it->second;
  if (!added && port.state == state) return;
  const auto arp_before = !added && port.state.arp;
  const auto ndp_before = !added && port.state.link_local.has_value();
  port.state = state;
  renew_all(now, port, out);
  if (arp_before != state.arp || ndp_before != state.link_local.has_value()) {
    log_eligibility(state.name, arp_before, state.arp, ndp_before, state.link_local.has_value());
    capture(now, port, out);
  }
}

void Instance::apply(SteadyPoint now, const InterfaceGone& gone, std::vector<Action>& out) {
  const auto it = ports_.find(gone.index);
  if (it == ports_.end()) return;
  auto state = it->second.state;
  state.arp = false;
  state.link_local.reset();
  apply(now, state, out);
  ports_.erase(it);
}

/// Brings the answer for `address` on one interface in line with the rules.
void Instance::renew(SteadyPoint now, const IpAddress& address, const InterfaceSet& coverage, Port& port,
                     std::vector<Action>& out) {
  const auto* answer = answer_of(table_, address, port.state.index);
  const auto wanted = eligible(port.state, address) && coverage.covers(port.state.name);
  if (wanted && answer == nullptr) {
    gain(now, address, port, out);
  } else if (!wanted && answer != nullptr) {
    lose(address, port, out);
  } else if (wanted && answer->mac != port.state.mac) {
    table_.put(address, port.state.index, port.state.mac);
    schedule_.restart(now, {address, port.state.index});
  }
}

void Instance::renew_all(SteadyPoint now, Port& port, std::vector<Action>& out) {
  registrations_.for_each(
      [&](const IpAddress& address, const InterfaceSet& coverage) { renew(now, address, coverage, port, out); });
}

void Instance::gain(SteadyPoint now, const IpAddress& address, Port& port, std::vector<Action>& out) {
  const auto index = port.state.index;
  table_.put(address, index, port.state.mac);
  port.addresses_changed = true;
  if (address.is_v6()) {
    const auto group = solicited_node_group(address);
    if (groups_.add(index, group)) out.emplace_back(JoinGroup{index, group});
  }
  schedule_.start(now, {address, index});
}

void Instance::lose(const IpAddress& address, Port& port, std::vector<Action>& out) {
  const auto index = port.state.index;
  table_.erase(address, index);
  port.addresses_changed = true;
  schedule_.stop({address, index});
  if (address.is_v6()) {
    const auto group = solicited_node_group(address);
    if (groups_.remove(index, group)) out.emplace_back(LeaveGroup{index, group});
  }
}

void Instance::log_eligibility(const std::string& interface, bool arp_before, bool arp, bool ndp_before, bool ndp) const {
  if (arp != arp_before) {
    log_.info({{"event", arp ? "createARPResponder" : "deleteARPResponder"}, {"interface", interface}});
  }
  if (ndp != ndp_before) {
    log_.info({{"event", ndp ? "createNDPResponder" : "deleteNDPResponder"}, {"interface", interface}});
  }
}

void Instance::capture(SteadyPoint now, Port& port, std::vector<Action>& out) const {
  auto addresses = table_.addresses(port.state.index);
  port.addresses_changed = false;
  port.capture_after = now + kCaptureIntervalPerAddress * addresses.size();
  out.emplace_back(CaptureChanged{.interface = port.state.index,
                                  .arp = port.state.arp,
                                  .ndp = port.state.link_local.has_value(),
                                  .addresses = std::move(addresses)});
}

void Instance::captures_due(SteadyPoint now, std::vector<Action>& out) {
  for (auto& [index, port] : ports_) {
    if (port.addresses_changed && now >= port.capture_after) capture(now, port, out);
  }
}

void Instance::announcements_due(SteadyPoint now, std::vector<Action>& out) {
  std::size_t frames = 0;
  // A round has up to two frames.
  while (frames + 2 <= kFramesPerSlice) {
    const auto round = schedule_.take_due(now);
    if (!round) return;
    const auto port = ports_.find(round->interface);
    METALLB_CONTRACT(port != ports_.end(), "rounds of an interface end with it");
    frames += responder_.announce(port->second.state, round->address, out);
  }
}

}  // namespace metallb::layer2
