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

/// From somebody else's claim of an address to our announcement, so that an owner that is being replaced stays silent.
constexpr Duration kClaimPause = std::chrono::seconds(5);
/// Between two such bursts for one address: two nodes that both believe to be the owner shall not shout at each other.
constexpr Duration kClaimInterval = std::chrono::seconds(10);

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
  if (const auto* received = std::get_if<FrameReceived>(&in)) return receive(now.steady, *received, out);
  if (const auto* lost = std::get_if<FrameLost>(&in)) return responder_.not_sent(*lost);
  if (const auto* command = std::get_if<Command>(&in)) {
    std::visit([&](const auto& c) { apply(now.steady, c, out); }, *command);
  } else if (const auto* state = std::get_if<InterfaceState>(&in)) {
    apply(now.steady, *state, out);
  } else if (const auto* gone = std::get_if<InterfaceGone>(&in)) {
    apply(now.steady, *gone, out);
  } else if (const auto* ready = std::get_if<SendersReady>(&in)) {
    announce_anew(now.steady, ready->interface, ready->family);
  } else if (const auto* known = std::get_if<NeighboursKnown>(&in)) {
    neighbours_ = known->nodes;
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
  if (coverage != nullptr) return;
  table_.remove(command.address);
  opposed_.erase(command.address);
}

void Instance::apply(SteadyPoint now, const Reannounce& command, std::vector<Action>& /*out*/) {
  for (const auto& answer : table_.answers(command.address)) {
    schedule_.start(now, {command.address, answer.interface}, kOnce);
  }
}

void Instance::apply(SteadyPoint now, const InterfaceState& state, std::vector<Action>& out) {
  const auto [it, added] = ports_.try_emplace(state.index, Port{.state = state});
  auto& port = it->second;
  if (!added && port.state == state) return;
  const auto arp_before = !added && port.state.arp;
  const auto ndp_before = !added && port.state.link_local.has_value();
  const auto came_to_life = !added && !port.state.running && state.running;
  port.state = state;
  renew_all(now, port, out);
  if (came_to_life) announce_anew(now, state.index, std::nullopt);
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

void Instance::receive(SteadyPoint now, const FrameReceived& received, std::vector<Action>& out) {
  const auto port = ports_.find(received.interface);
  if (port == ports_.end()) return;
  if (const auto claim = responder_.on_frame(port->second.state, table_, received.frame, out)) oppose(now, *claim);
}

/// After somebody else's announcement the whole LAN may send to it, and only another announcement of ours changes that. If
/// it was a new owner, its address is withdrawn here within the pause, and with it this burst.
void Instance::oppose(SteadyPoint now, const Responder::Claim& claim) {
  // With two interfaces on one LAN we hear ourselves.
  const auto is_ours = [&](const auto& port) { return port.second.state.mac == claim.mac; };
  if (std::any_of(ports_.begin(), ports_.end(), is_ours)) return;
  const auto [last, first] = opposed_.try_emplace(claim.address, now);
  if (!first && now - last->second < kClaimInterval) return;
  last->second = now;
  for (const auto& answer : table_.answers(claim.address)) {
    schedule_.start_at(now + kClaimPause, {claim.address, answer.interface});
  }
}

/// Whatever was announced on the interface lately did not arrive. `family` nullopt means both.
void Instance::announce_anew(SteadyPoint now, InterfaceIndex interface, std::optional<IpFamily> family) {
  for (const auto& address : table_.addresses(interface)) {
    if (!family || address.family() == *family) schedule_.restart(now, {address, interface});
  }
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
