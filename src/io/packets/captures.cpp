#include "io/packets/captures.hpp"

#include "io/clock.hpp"
#include "layer2/ethernet.hpp"

namespace metallb::io {
namespace {

constexpr CaptureKind kKinds[] = {CaptureKind::kArp, CaptureKind::kNdp};
constexpr auto kFirstRetry = std::chrono::milliseconds(500);
constexpr auto kLastRetry = std::chrono::seconds(30);
constexpr auto kSendErrorPause = std::chrono::seconds(10);

const char* operation_of(CaptureKind kind) {
  return kind == CaptureKind::kArp ? "createARPResponder" : "createNDPResponder";
}

}  // namespace

Captures::Captures(boost::asio::io_context& loop, Handlers handlers, Log log)
    : loop_(loop), handlers_(std::move(handlers)), log_(log), backoff_(kFirstRetry, kLastRetry), retry_(loop) {}

bool Captures::wants(const Port& port, CaptureKind kind) {
  return kind == CaptureKind::kArp ? port.wanted.arp : port.wanted.ndp;
}

void Captures::interface_changed(InterfaceIndex interface, const std::string& name) {
  auto& port = ports_[interface];
  port.name = name;
  for (const auto kind : kKinds) {
    if (wants(port, kind) && !port.sockets.contains(kind)) open(interface, port, kind);
  }
}

void Captures::interface_gone(InterfaceIndex interface) {
  ports_.erase(interface);
}

void Captures::apply(const layer2::CaptureChanged& wanted) {
  auto& port = ports_[wanted.interface];
  port.wanted = wanted;
  for (const auto kind : kKinds) renew(wanted.interface, port, kind);
  if (!wanted.ndp) port.all_multicast = false;
}

void Captures::renew(InterfaceIndex interface, Port& port, CaptureKind kind) {
  const auto socket = port.sockets.find(kind);
  if (!wants(port, kind)) {
    if (socket != port.sockets.end()) port.sockets.erase(socket);
    port.missed.erase(kind);
  } else if (socket == port.sockets.end()) {
    open(interface, port, kind);
  } else if (auto done = socket->second->capture(port.wanted.addresses); !done) {
    // A filter of before would keep new addresses silent: better start afresh.
    log_.error({{"op", operation_of(kind)}, {"error", done.error().to_string()}, {"interface", port.name}});
    port.sockets.erase(socket);
    port.missed.insert(kind);
    open(interface, port, kind);
  }
}

void Captures::open(InterfaceIndex interface, Port& port, CaptureKind kind) {
  auto opened = PacketSocket::open(
      loop_, interface, kind, port.wanted.addresses,
      [this, interface](ByteView frame) { handlers_.frame(interface, frame); },
      [this, kind, name = port.name](const SystemError& error) {
        log_.error(
            {{"op", kind == CaptureKind::kArp ? "readARP" : "readNDP"}, {"error", error.to_string()}, {"interface", name}});
      });
  if (!opened) {
    log_.error({{"op", operation_of(kind)}, {"error", opened.error().to_string()}, {"interface", port.name}});
    port.missed.insert(kind);
    retry_later();
    return;
  }
  port.sockets.emplace(kind, std::move(*opened));
  if (kind == CaptureKind::kNdp && port.all_multicast) enter_all_multicast(port);
  if (port.missed.erase(kind) > 0) handlers_.ready(interface, kind);
}

void Captures::take_all_multicast(InterfaceIndex interface) {
  const auto found = ports_.find(interface);
  if (found == ports_.end() || found->second.all_multicast) return;
  found->second.all_multicast = true;
  enter_all_multicast(found->second);
}

void Captures::enter_all_multicast(Port& port) {
  const auto socket = port.sockets.find(CaptureKind::kNdp);
  if (socket == port.sockets.end()) return;
  if (auto done = socket->second->take_all_multicast(); !done) {
    log_.error({{"op", "watchMulticastGroup"}, {"error", done.error().to_string()}, {"interface", port.name}});
  }
}

bool Captures::send(InterfaceIndex interface, ByteView frame) {
  const auto found = ports_.find(interface);
  if (found == ports_.end()) return false;
  ByteReader reader(frame);
  const auto type = layer2::read_ethernet(reader).type;
  const auto socket = found->second.sockets.find(type == layer2::kEtherTypeArp ? CaptureKind::kArp : CaptureKind::kNdp);
  if (socket == found->second.sockets.end()) return false;  // its failure was logged
  const auto done = socket->second->send(frame);
  if (!done) log_send_error(found->second, done.error());
  return done.has_value();
}

void Captures::log_send_error(Port& port, const SystemError& error) {
  ++port.unlogged;
  const auto at = now().steady;
  if (at < port.quiet_until) return;
  log_.error({{"op", "sendFrame"},
              {"error", error.to_string()},
              {"interface", port.name},
              {"frames", static_cast<std::int64_t>(port.unlogged)}});
  port.unlogged = 0;
  port.quiet_until = at + kSendErrorPause;
}

void Captures::retry_later() {
  if (retry_armed_) return;
  retry_armed_ = true;
  retry_.expires_after(backoff_.next());
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    retry_armed_ = false;
    for (auto& [interface, port] : ports_) {
      for (const auto kind : kKinds) {
        if (wants(port, kind) && !port.sockets.contains(kind)) open(interface, port, kind);
      }
    }
    if (!retry_armed_) backoff_.reset();
  });
}

}  // namespace metallb::io
