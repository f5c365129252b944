// Router advertisements and solicitations: any bytes from any sender. The first two bytes say how the message arrived.
#include "base/contract.hpp"
#include "peering/ndp_message.hpp"

namespace {

using namespace metallb;
using namespace metallb::peering;

IpAddress pick_source(std::uint8_t choice) {
  const auto v6 = [](std::uint64_t high, std::uint64_t low) {
    return IpAddress::from_number(IpFamily::kIpv6, (static_cast<Uint128>(high) << 64) | low);
  };
  switch (choice % 5) {
    case 0:
      return v6(0xFE80'0000'0000'0000, 2);
    case 1:
      return v6(0x2001'0DB8'0000'0000, 2);
    case 2:
      return v6(0, 0);
    case 3:
      return all_nodes();
    default:
      return IpAddress::v4(169, 254, 0, 1);
  }
}

void check(const NdpArrival& arrival, const RouterSolicitation& solicitation) {
  METALLB_CONTRACT(!arrival.source.is_multicast(), "no group asks");
  METALLB_CONTRACT(!arrival.source.is_unspecified() || !solicitation.source_link_layer, "nobody has no place");
  METALLB_CONTRACT(decode_ndp(arrival, encode(solicitation)) == NdpMessage(solicitation), "it survives a round trip");
}

void check(const NdpArrival& arrival, const RouterAdvertisement& advertisement) {
  METALLB_CONTRACT(arrival.source.is_v6() && arrival.source.is_link_local(), "a router is a neighbour");
  METALLB_CONTRACT(decode_ndp(arrival, encode(advertisement)) == NdpMessage(advertisement), "it survives a round trip");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const NdpArrival arrival{pick_source(data[0]), all_nodes(), data[1]};
  const auto message = decode_ndp(arrival, ByteView(data, size).subspan(2));
  if (!message) {
    METALLB_CONTRACT(!to_string(message.error()).empty(), "every error has a name");
    return 0;
  }
  METALLB_CONTRACT(arrival.hop_limit == 255, "nothing is believed that was forwarded");
  std::visit([&](const auto& m) { check(arrival, m); }, *message);
  return 0;
}
