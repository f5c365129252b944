#include "io/router_discovery/router_discovery.hpp"

#include <utility>

#include "io/clock.hpp"

namespace metallb::io {
namespace {

constexpr auto kErrorPause = std::chrono::minutes(1);

}  // namespace

void RouterDiscovery::apply(const peering::JoinGroups& wanted) {
  auto& port = ports_[wanted.interface];
  if (open()) join(wanted.interface, port);
}

void RouterDiscovery::apply(const peering::LeaveGroups& wanted) {
  if (ports_.erase(wanted.interface) == 0) return;
  if (socket_) socket_->leave(wanted.interface);
  if (ports_.empty()) socket_.reset();
}

void RouterDiscovery::apply(const peering::SendNdp& wanted) {
  const auto found = ports_.find(wanted.interface);
  if (found == ports_.end() || !open()) return;
  auto& port = found->second;
  if (!port.joined) join(wanted.interface, port);
  if (const auto done = socket_->send(wanted); !done) log(port, done.error());
}

bool RouterDiscovery::open() {
  if (socket_) return true;
  auto opened = NdpSocket::open(
      loop_,
      [this](const peering::NdpReceived& received) {
        if (ports_.contains(received.interface)) handlers_.received(received);
      },
      [this](const SystemError& error) {
        log_.error({{"op", "routerDiscovery"}, {"error", error.to_string()}, {"msg", "router advertisements may be lost"}});
      });
  if (!opened) {
    tell(opened.error().to_string());
    return false;
  }
  socket_ = std::move(*opened);
  for (auto& [interface, port] : ports_) join(interface, port);
  tell({});
  return true;
}

void RouterDiscovery::join(InterfaceIndex interface, Port& port) {
  const auto done = socket_->join(interface);
  port.joined = done.has_value();
  if (!done) log(port, done.error());
}

void RouterDiscovery::tell(std::string problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  if (!problem_.empty()) {
    log_.error({{"op", "routerDiscovery"},
                {"error", problem_},
                {"msg", "BGP peers on interfaces cannot be found without router advertisements"}});
  }
  handlers_.trouble(peering::DiscoveryTrouble{problem_});
}

void RouterDiscovery::log(Port& port, const SystemError& error) {
  const auto at = now().steady;
  if (at < port.quiet_until) return;
  port.quiet_until = at + kErrorPause;
  log_.error({{"op", "routerDiscovery"}, {"error", error.to_string()}});
}

}  // namespace metallb::io
