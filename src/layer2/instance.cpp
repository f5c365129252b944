#include "layer2/instance.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/contract.hpp"

namespace metallb::layer2 {
namespace {

/// A new filter is a walk over the table and a system call, so while many addresses come or go it is renewed only this
/// often: a microsecond per address is many times what the renewal costs, and for a handful of addresses less than a client
/// needs to ask for one. The first change is passed on at once.
constexpr Duration kCaptureIntervalPerAddress = std::chrono::microseconds(1);

constexpr std::size_t kFramesPerRound = 2;

/// From a claim to our announcement against it while nobody has told who the members are: then it may be the new owner's,
/// and the address be withdrawn here before long.
constexpr Duration kClaimPause = std::chrono::seconds(5);

/// Three (RFC 5227, PROBE_NUM), since one may get lost; the third also when the calls come a little late.
constexpr std::array<Duration, 1> kProbeGaps{std::chrono::seconds(1)};
constexpr Burst kProbes{kProbeGaps, std::chrono::milliseconds(2500)};

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
  watch_for_pause(now.steady);
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
    neighbours_.learn(known->nodes);
  } else if (const auto* kernel = std::get_if<KernelAnswers>(&in)) {
    lease_.want(kernel->on);
  } else if (const auto* answered = std::get_if<KernelAnswered>(&in)) {
    for (const auto& [address, requests] : answered->requests) responder_.answered(address, requests);
  }
  lease_due(now.steady, out);
  captures_due(now.steady, out);
  // Whoever hands in many commands gets them answered and announced once before anything is repeated.
  first_announcements(now.steady, out);
}

void Instance::on_time(Now now, std::vector<Action>& out) {
  watch_for_pause(now.steady);
  lease_due(now.steady, out);
  captures_due(now.steady, out);
  defences_due(now.steady);
  announcements_due(now.steady, out);
}

SteadyPoint Instance::next_deadline() const {
  auto deadline = std::min({schedule_.next(), contests_.next_defence(), probes_.next(), pause_.next()});
  if (!pause_.silent()) deadline = std::min(deadline, refresh_.next());
  if (leases()) deadline = std::min(deadline, lease_.next());
  for (const auto& [index, port] : ports_) {
    if (port.addresses_changed) deadline = std::min(deadline, port.capture_after);
  }
  return deadline;
}

/// What was planned before a pause is of no value after it; and whatever we sent since the others may have overridden.
void Instance::watch_for_pause(SteadyPoint now) {
  switch (pause_.on_call(now, !table_.empty())) {
    case PauseWatch::Verdict::kNone:
      return;
    case PauseWatch::Verdict::kPaused:
      log_.warn({{"event", "processPaused"}, {"msg", "this process stood still: silent until it is known who answers now"}});
      schedule_.clear();
      contests_.drop_defences();
      probes_.clear();
      return;
    case PauseWatch::Verdict::kOver:
      // Who took over in vain made others believe it. A minute's refresh ahead of time corrects them, without a storm.
      refresh_.hasten(now);
      return;
  }
}

void Instance::apply(SteadyPoint now, const Announce& command, std::vector<Action>& out) {
  const auto before = registrations_.set(command.service, command.address, command.interfaces);
  if (before == command.interfaces) return;
  pause_.confirm(command.address);
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
  contests_.forget(command.address);
}

void Instance::apply(SteadyPoint now, const Reannounce& command, std::vector<Action>& /*out*/) {
  pause_.confirm(command.address);
  contests_.listen(command.address);
  for (const auto& answer : table_.answers(command.address)) schedule_.once(now, {command.address, answer.interface});
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
  const auto& interface = port->second.state;
  const Responder::View view{.interface = interface, .table = table_, .neighbours = neighbours_, .pause = pause_};
  if (const auto claim = responder_.on_frame(view, received.frame, out)) contest(now, interface, *claim, out);
}

/// Failover spec 6, "Two owners". What a member claims is for the speaker to decide, by rank.
void Instance::contest(SteadyPoint now, const InterfaceState& interface, const Responder::Claim& claim,
                       std::vector<Action>& out) {
  // With two interfaces on one LAN we hear ourselves.
  const auto is_ours = [&](const auto& port) { return port.second.state.mac == claim.mac; };
  if (!claim.mac.is_station() || std::any_of(ports_.begin(), ports_.end(), is_ours)) return;
  const auto* member = neighbours_.member(claim.mac);
  const bool kernel = member != nullptr && claim.kind == Responder::Claim::Kind::kUses;
  const auto party = member == nullptr ? Contests::Party::kStranger
                     : kernel          ? Contests::Party::kMembersKernel
                                       : Contests::Party::kMember;
  if (member == nullptr) contests_.oppose(now, claim.address, neighbours_.known() ? Duration::zero() : kClaimPause);
  if (!contests_.note(now, claim.address, party, claim.repeats)) return;
  if (member == nullptr) {
    const auto standing = contests_.judge(now, claim.address, claim.mac);
    if (standing == Contests::Standing::kNew) probes_.start_at(now + kProbation, {claim.address, interface.index}, kProbes);
    if (standing != Contests::Standing::kProven) return;
  }
  ++(member != nullptr ? conflicts_.member : conflicts_.foreign);
  if (kernel) return;
  out.emplace_back(ConflictSeen{.address = claim.address,
                                .interface = interface.index,
                                .interface_name = interface.name,
                                .mac = claim.mac,
                                .node = member != nullptr ? std::optional(*member) : std::nullopt,
                                .announced = claim.kind == Responder::Claim::Kind::kAnnounces});
}

/// RFC 5227, Section 2.4 (c): after a stranger's announcement the whole LAN may send to it, and only another one of ours
/// changes that; one, and then no more for a while.
/// deviation: what is claimed in that while is opposed at its end, because everybody announces twice, two seconds apart, and
/// the LAN believes the second. Two that both defend so exchange one round in ten seconds, which is no storm.
void Instance::defences_due(SteadyPoint now) {
  for (std::size_t taken = 0; taken < kFramesPerSlice; ++taken) {
    const auto address = contests_.take_defence(now);
    if (!address) return;
    if (pause_.silent_about(*address)) continue;
    for (const auto& answer : table_.answers(*address)) schedule_.once(now, {*address, answer.interface});
  }
}

/// Whatever was announced on the interface lately did not arrive. `family` nullopt means both.
void Instance::announce_anew(SteadyPoint now, InterfaceIndex interface, std::optional<IpFamily> family) {
  for (const auto& address : table_.addresses(interface)) {
    if (!family || address.family() == *family) announce_again(now, {address, interface});
  }
}

/// A burst, unless the end of the silence brings one round of everything anyway.
void Instance::announce_again(SteadyPoint now, const Round& round) {
  if (!pause_.silent_about(round.address)) schedule_.restart(now, round);
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
    out.emplace_back(AnswerChanged{port.state.index, address, port.state.mac});
    announce_again(now, {address, port.state.index});
  }
}

void Instance::renew_all(SteadyPoint now, Port& port, std::vector<Action>& out) {
  registrations_.for_each(
      [&](const IpAddress& address, const InterfaceSet& coverage) { renew(now, address, coverage, port, out); });
}

void Instance::gain(SteadyPoint now, const IpAddress& address, Port& port, std::vector<Action>& out) {
  const auto index = port.state.index;
  if (table_.answers(address).empty()) responder_.taken_over(address);
  table_.put(address, index, port.state.mac);
  out.emplace_back(AnswerChanged{index, address, port.state.mac});
  port.addresses_changed = true;
  if (address.is_v6()) {
    const auto group = solicited_node_group(address);
    if (groups_.add(index, group)) out.emplace_back(JoinGroup{index, group});
  }
  announce_again(now, {address, index});
  refresh_.add(now, {address, index});
}

void Instance::lose(const IpAddress& address, Port& port, std::vector<Action>& out) {
  const auto index = port.state.index;
  table_.erase(address, index);
  out.emplace_back(AnswerChanged{index, address, std::nullopt});
  port.addresses_changed = true;
  schedule_.stop({address, index});
  probes_.stop({address, index});
  refresh_.remove({address, index});
  if (table_.answers(address).empty()) responder_.given_up(address);
  if (address.is_v6()) {
    const auto group = solicited_node_group(address);
    if (groups_.remove(index, group)) out.emplace_back(LeaveGroup{index, group});
  }
}

void Instance::lease_due(SteadyPoint now, std::vector<Action>& out) {
  if (leases() && lease_.due(now)) out.emplace_back(AnswersLeased{lease_.grant(now)});
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

void Instance::first_announcements(SteadyPoint now, std::vector<Action>& out) {
  std::size_t frames = 0;
  while (frames + kFramesPerRound <= kFramesPerSlice) {
    const auto round = schedule_.take_first(now);
    if (!round) return;
    frames += announce(*round, Responder::Form::kFull, out);
  }
}

void Instance::announcements_due(SteadyPoint now, std::vector<Action>& out) {
  std::size_t frames = 0;
  while (frames + kFramesPerRound <= kFramesPerSlice) {
    if (const auto round = schedule_.take_due(now)) {
      frames += announce(*round, Responder::Form::kFull, out);
      continue;
    }
    if (probe(now, out)) {
      ++frames;
      continue;
    }
    // What somebody waits for is not in the refreshes.
    const auto round = pause_.silent() ? std::nullopt : refresh_.take_due(now);
    if (!round) return;
    frames += announce(*round, Responder::Form::kShort, out);
  }
}

/// A stranger that has the address cannot but answer, and then claims it again.
bool Instance::probe(SteadyPoint now, std::vector<Action>& out) {
  const auto round = probes_.take_due(now);
  if (!round) return false;
  const auto port = ports_.find(round->interface);
  METALLB_CONTRACT(port != ports_.end(), "probes of an interface end with it");
  Responder::probe(port->second.state, round->address, out);
  return true;
}

std::size_t Instance::announce(const Round& round, Responder::Form form, std::vector<Action>& out) {
  const auto port = ports_.find(round.interface);
  METALLB_CONTRACT(port != ports_.end(), "rounds of an interface end with it");
  return responder_.announce(port->second.state, round.address, form, out);
}

}  // namespace metallb::layer2
