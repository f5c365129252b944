// The metallb.io kinds: the printer columns of their definitions (controller spec section 1).
#include <algorithm>

#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {
namespace {

/// A cell as a real server makes it from a JSONPath: scalars as they are, lists and objects as JSON text, nothing as null.
json::value cell(const json::object& object, std::string_view path) {
  const auto* value = find(object, path);
  if (value == nullptr || value->is_null()) return nullptr;
  if (value->is_array() || value->is_object()) return json::value(json::serialize(*value));
  return *value;
}

/// A cell whose column is of type string prints scalars as text.
json::value text_cell(const json::object& object, std::string_view path) {
  auto value = cell(object, path);
  if (value.is_null() || value.is_string()) return value;
  return json::value(json::serialize(value));
}

json::array pool_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), cell(o, "spec.autoAssign"), cell(o, "spec.avoidBuggyIPs"),
          text_cell(o, "spec.addresses")};
}

json::array l2_advertisement_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), text_cell(o, "spec.ipAddressPools"), text_cell(o, "spec.ipAddressPoolSelectors"),
          text_cell(o, "spec.interfaces"), text_cell(o, "spec.nodeSelectors")};
}

json::array bgp_advertisement_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), text_cell(o, "spec.ipAddressPools"), text_cell(o, "spec.ipAddressPoolSelectors"),
          text_cell(o, "spec.peers"), text_cell(o, "spec.nodeSelectors")};
}

json::array peer_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), text_cell(o, "spec.peerAddress"), text_cell(o, "spec.peerASN"),
          text_cell(o, "spec.bfdProfile"), text_cell(o, "spec.ebgpMultiHop")};
}

json::array bfd_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), cell(o, "spec.passiveMode"), cell(o, "spec.transmitInterval"),
          cell(o, "spec.receiveInterval"), cell(o, "spec.detectMultiplier")};
}

json::array announcement_cells(const json::object& o, WallPoint) {
  return {json::value(name_of(o)), text_cell(o, "status.node"), text_cell(o, "status.serviceName"),
          text_cell(o, "status.serviceNamespace")};
}

json::array state_cells(const json::object& o, WallPoint now) {
  return {json::value(name_of(o)), text_cell(o, "status.result"), text_cell(o, "status.errorSummary"),
          json::value(age_of(o, now))};
}

}  // namespace

const Printer* custom_printer(std::string_view kind) {
  static const std::vector<std::pair<std::string_view, Printer>> table{
      {"IPAddressPool",
       {{{"Name"}, {"Auto Assign", "boolean"}, {"Avoid Buggy IPs", "boolean"}, {"Addresses"}}, &pool_cells}},
      {"L2Advertisement",
       {{{"Name"}, {"IPAddressPools"}, {"IPAddressPool Selectors"}, {"Interfaces"}, {"Node Selectors", "string", 10}},
        &l2_advertisement_cells}},
      {"BGPAdvertisement",
       {{{"Name"}, {"IPAddressPools"}, {"IPAddressPool Selectors"}, {"Peers"}, {"Node Selectors", "string", 10}},
        &bgp_advertisement_cells}},
      {"BGPPeer", {{{"Name"}, {"Address"}, {"ASN"}, {"BFD Profile"}, {"Multi Hops"}}, &peer_cells}},
      {"BFDProfile",
       {{{"Name"},
         {"Passive Mode", "boolean"},
         {"Transmit Interval", "integer"},
         {"Receive Interval", "integer"},
         {"Multiplier", "integer"}},
        &bfd_cells}},
      {"ServiceL2Status", {{{"Name"}, {"Allocated Node"}, {"Service Name"}, {"Service Namespace"}}, &announcement_cells}},
      {"ServiceBGPStatus", {{{"Name"}, {"Node"}, {"Service Name"}, {"Service Namespace"}}, &announcement_cells}},
      {"ConfigurationState", {{{"Name"}, {"Result"}, {"ErrorSummary"}, {"Age", "date"}}, &state_cells}},
  };
  const auto found = std::ranges::find(table, kind, &std::pair<std::string_view, Printer>::first);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace metallb::apiserver
