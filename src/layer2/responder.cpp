#include "layer2/responder.hpp"

#include <utility>

#include "base/contract.hpp"
#include "layer2/arp_packet.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"

namespace metallb::layer2 {
namespace {

/// ff02::1
IpAddress all_nodes() {
  return IpAddress::from_number(IpFamily::kIpv6, (static_cast<Uint128>(0xFF02) << 112) | 1);
}

void log_answer(const Log& log, const char* message, const InterfaceState& interface, const IpAddress& address,
                const IpAddress& sender_ip, const MacAddress& sender_mac, const MacAddress& mac) {
  log.debug({{"msg", message},
             {"interface", interface.name},
             {"ip", address.to_string()},
             {"senderIP", sender_ip.to_string()},
             {"senderMAC", sender_mac.to_string()},
             {"responseMAC", mac.to_string()}});
}

/// The answer to a solicitation that is ours. `link_local` is the interface's, `mac` the one of the answer.
NeighborAdvertisement answer(const NeighborSolicitation& solicitation, const IpAddress& link_local, const MacAddress& mac) {
  NeighborAdvertisement out;
  out.ethernet_source = mac;
  out.source = link_local;
  out.target = solicitation.target;
  out.target_link_layer = mac;
  // RFC 4861, Section 7.2.4: Override is for addresses with one owner, which the election gives them, so that a neighbour
  // that still knows the former owner takes the new one. (Only anycast and proxied addresses go without.)
  // deviation: the original leaves the flag out, so that its answers cannot correct a stale cache (layer2 spec 7.8).
  out.override_ = true;
  if (solicitation.is_duplicate_probe()) {
    // RFC 4861, Section 7.2.4: who has no address yet is told by multicast, and the answer does not count as solicited.
    out.destination = all_nodes();
    out.ethernet_destination = MacAddress::multicast(out.destination);
    return out;
  }
  out.solicited = true;
  out.destination = solicitation.source;
  // RFC 4861, Section 4.3: the option may be missing in solicitations by unicast, whose sender must then be at the
  // address that the frame came from.
  out.ethernet_destination = solicitation.source_link_layer.value_or(solicitation.ethernet_source);
  return out;
}

/// RFC 5227, Section 2.4: whoever sends from an address that is ours claims it. A probe sends from none.
std::optional<Responder::Claim> claim_of(const Responder::View& view, const ArpPacket& packet) {
  if (packet.sender_mac == view.interface.mac) return std::nullopt;
  if (!view.table.find(view.interface.index, packet.sender_ip)) return std::nullopt;
  using Kind = Responder::Claim::Kind;
  // RFC 5944, Section 4.6: a gratuitous packet, request or reply, names the same address twice. So does the answer to a
  // gratuitous request of ours, which the original gives (layer2 spec 3.3), but to us alone.
  const bool to_all = is_group(packet.ethernet_destination);
  const auto kind = to_all && packet.sender_ip == packet.target_ip ? Kind::kAnnounces
                    : packet.operation == ArpOperation::kReply     ? Kind::kAnswers
                                                                   : Kind::kUses;
  return Responder::Claim{.address = packet.sender_ip,
                          .mac = packet.sender_mac,
                          .kind = kind,
                          .repeats = kind == Kind::kAnnounces && packet.operation == ArpOperation::kReply};
}

}  // namespace

std::optional<Responder::Claim> Responder::on_frame(const View& view, ByteView frame, std::vector<Action>& out) {
  ByteReader in(frame);
  const auto ethernet = read_ethernet(in);
  if (!in.ok()) {
    ++drops_.malformed;
    return std::nullopt;
  }
  if (ethernet.source == view.interface.mac) return std::nullopt;
  switch (ethernet.type) {
    case kEtherTypeArp:
      return on_arp(view, frame, out);
    case kEtherTypeIpv6:
      return on_ndp(view, frame, out);
    case kEtherTypeVlan:
    case kEtherTypeServiceVlan:
      // Addressed to a VLAN interface, which has a packet socket of its own and gets it without the tag.
      ++drops_.malformed;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Responder::Claim> Responder::on_arp(const View& view, ByteView frame, std::vector<Action>& out) {
  const auto packet = decode_arp(frame);
  // An answer to a group would go to the whole LAN, and one to nobody is of no use.
  if (!packet || !packet->sender_mac.is_station()) {
    ++drops_.malformed;
    return std::nullopt;
  }
  const auto claim = claim_of(view, *packet);
  if (packet->operation != ArpOperation::kRequest) {
    ++drops_.not_a_request;
    return claim;
  }
  if (packet->ethernet_destination != MacAddress::broadcast() && packet->ethernet_destination != view.interface.mac) {
    ++drops_.wrong_destination;
    return claim;
  }
  const auto mac = view.table.find(view.interface.index, packet->target_ip);
  if (!mac) {
    count_miss(mac.error(), "arpRequestIgnore", view.interface, packet->target_ip);
    return claim;
  }
  // A gratuitous request is answered like any other, which corrects its sender. Not a member's: which of the two is to be
  // corrected is for the election to say.
  if (claim && claim->address == packet->target_ip && view.neighbours.member(claim->mac) != nullptr) return claim;
  if (view.pause.silent_about(packet->target_ip)) {
    ++drops_.paused;
    return claim;
  }
  // RFC 5227, Section 2.1.1: probes, with sender address 0.0.0.0, are requests like any other.
  ArpPacket reply;
  reply.ethernet_destination = packet->sender_mac;
  reply.ethernet_source = *mac;
  reply.operation = ArpOperation::kReply;
  reply.sender_mac = *mac;
  reply.sender_ip = packet->target_ip;
  reply.target_mac = packet->sender_mac;
  reply.target_ip = packet->sender_ip;
  out.emplace_back(SendFrame{view.interface.index, encode_arp(reply), packet->target_ip});
  answered(packet->target_ip, 1);
  if (log_.debug_enabled()) {
    log_answer(log_, "got ARP request for service IP, sending response", view.interface, packet->target_ip,
               packet->sender_ip, packet->sender_mac, *mac);
  }
  return claim;
}

std::optional<Responder::Claim> Responder::on_ndp(const View& view, ByteView frame, std::vector<Action>& out) {
  const auto solicitation = decode_solicitation(frame);
  if (!solicitation) {
    if (solicitation.error() == NdpError::kNotNdp) return std::nullopt;
    if (solicitation.error() == NdpError::kOtherType) return on_advertisement(view, frame);
    ++drops_.malformed;
    return std::nullopt;
  }
  const auto sender = solicitation->source_link_layer.value_or(solicitation->ethernet_source);
  std::optional<Claim> claim;
  if (view.table.find(view.interface.index, solicitation->source)) {
    claim = Claim{.address = solicitation->source, .mac = sender, .kind = Claim::Kind::kUses};
  }
  if (!is_group(solicitation->ethernet_destination) && solicitation->ethernet_destination != view.interface.mac) {
    ++drops_.wrong_destination;
    return claim;
  }
  const auto mac = view.table.find(view.interface.index, solicitation->target);
  if (!mac) {
    count_miss(mac.error(), "ndpRequestIgnore", view.interface, solicitation->target);
    return claim;
  }
  if (view.pause.silent_about(solicitation->target)) {
    ++drops_.paused;
    return claim;
  }
  METALLB_CONTRACT(view.interface.link_local.has_value(), "IPv6 is answered only where there is a source address");
  out.emplace_back(SendFrame{view.interface.index,
                             encode_advertisement(answer(*solicitation, *view.interface.link_local, *mac)),
                             solicitation->target});
  answered(solicitation->target, 1);
  if (log_.debug_enabled()) {
    log_answer(log_, "got NDP request for service IP, sending response", view.interface, solicitation->target,
               solicitation->source, sender, *mac);
  }
  return claim;
}

std::optional<Responder::Claim> Responder::on_advertisement(const View& view, ByteView frame) {
  const auto advertisement = decode_advertisement(frame);
  if (!advertisement) {
    ++(advertisement.error() == NdpError::kOtherType ? drops_.not_a_request : drops_.malformed);
    return std::nullopt;
  }
  ++drops_.not_a_request;
  if (!view.table.find(view.interface.index, advertisement->target)) return std::nullopt;
  // RFC 4861, Section 7.2.6: what nobody asked for is for everybody.
  const auto kind = advertisement->solicited ? Claim::Kind::kAnswers : Claim::Kind::kAnnounces;
  return Claim{.address = advertisement->target, .mac = advertisement->target_link_layer, .kind = kind};
}

void Responder::answered(const IpAddress& address, std::uint64_t requests) {
  auto& counters = address_counters_[address];
  counters.requests_received += requests;
  counters.responses_sent += requests;
  if (!unheard_.empty() && unheard_.erase(address) > 0) ++take_overs_.heard;
}

void Responder::taken_over(const IpAddress& address) {
  ++take_overs_.begun;
  unheard_.insert(address);
}

void Responder::count_miss(AnswerTable::Miss miss, const char* operation, const InterfaceState& interface,
                           const IpAddress& address) {
  if (miss == AnswerTable::Miss::kUnknownAddress) {
    ++drops_.unknown_address;
    return;
  }
  ++drops_.wrong_interface;
  if (log_.debug_enabled()) {
    log_.debug(
        {{"op", operation}, {"reason", "notMatchInterface"}, {"interface", interface.name}, {"ip", address.to_string()}});
  }
}

std::size_t Responder::announce(const InterfaceState& interface, const IpAddress& address, Form form,
                                std::vector<Action>& out) {
  std::size_t frames = 0;
  if (address.is_v4()) {
    // RFC 5944, Section 4.6 on gratuitous ARP: both sender and target are the address itself.
    ArpPacket packet;
    packet.ethernet_destination = MacAddress::broadcast();
    packet.ethernet_source = interface.mac;
    packet.sender_mac = interface.mac;
    packet.sender_ip = address;
    packet.target_mac = MacAddress::broadcast();
    packet.target_ip = address;
    for (const auto operation : {ArpOperation::kRequest, ArpOperation::kReply}) {
      packet.operation = operation;
      out.emplace_back(SendFrame{interface.index, encode_arp(packet), address, Purpose::kAnnouncement});
      ++frames;
      if (form == Form::kShort) break;  // RFC 5227, Section 2.3: an announcement is a request
    }
  } else {
    METALLB_CONTRACT(interface.link_local.has_value(), "IPv6 is announced only where there is a source address");
    // RFC 4861, Section 7.2.6: unsolicited, with Override, so that caches that know the former owner are corrected.
    NeighborAdvertisement packet;
    packet.ethernet_destination = MacAddress::multicast(all_nodes());
    packet.ethernet_source = interface.mac;
    packet.source = *interface.link_local;
    packet.destination = all_nodes();
    packet.target = address;
    packet.target_link_layer = interface.mac;
    packet.override_ = true;
    out.emplace_back(SendFrame{interface.index, encode_advertisement(packet), address, Purpose::kAnnouncement});
    ++frames;
  }
  address_counters_[address].gratuitous_sent += frames;
  return frames;
}

void Responder::probe(const InterfaceState& interface, const IpAddress& address, std::vector<Action>& out) {
  Bytes frame;
  if (address.is_v4()) {
    ArpPacket packet;
    packet.ethernet_destination = MacAddress::broadcast();
    packet.ethernet_source = interface.mac;
    packet.sender_mac = interface.mac;
    packet.sender_ip = IpAddress::v4(0, 0, 0, 0);
    packet.target_ip = address;
    frame = encode_arp(packet);
  } else {
    NeighborSolicitation packet;
    packet.ethernet_source = interface.mac;
    packet.source = IpAddress::from_number(IpFamily::kIpv6, 0);
    packet.destination = solicited_node_group(address);
    packet.ethernet_destination = MacAddress::multicast(packet.destination);
    packet.target = address;
    frame = encode_solicitation(packet);
  }
  out.emplace_back(SendFrame{interface.index, std::move(frame), address, Purpose::kProbe});
}

void Responder::not_sent(const FrameLost& lost) {
  if (lost.purpose == Purpose::kProbe) return;
  const auto counters = address_counters_.find(lost.address);
  METALLB_CONTRACT(counters != address_counters_.end(), "only a frame that was counted can be lost");
  auto& sent = lost.purpose == Purpose::kAnnouncement ? counters->second.gratuitous_sent : counters->second.responses_sent;
  METALLB_CONTRACT(sent > 0, "no more frames can be lost than were counted");
  --sent;
}

}  // namespace metallb::layer2
