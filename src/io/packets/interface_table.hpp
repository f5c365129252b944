// The interfaces of this network namespace as the kernel reports them, and what of them the layer2 core has to know.
//
// Links and link-local addresses come separately and in any order; the table joins them, judges eligibility (layer2 spec
// 3.1) and hands out a change only when something that matters differs. A dump after lost events marks and sweeps.
// It performs no system call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "io/netlink/link_message.hpp"
#include "layer2/instance.hpp"

namespace metallb::io {

class InterfaceTable {
 public:
  using Change = std::variant<layer2::InterfaceState, layer2::InterfaceGone>;
  using Excluded = std::function<bool(const std::string&)>;

  explicit InterfaceTable(Excluded excluded) : excluded_(std::move(excluded)) {}

  void link(LinkFacts facts);
  void link_gone(InterfaceIndex index);
  /// `usable`: duplicate address detection has finished, and well.
  void link_local(InterfaceIndex index, const IpAddress& address, bool usable);
  void link_local_gone(InterfaceIndex index, const IpAddress& address);

  /// What is told between the two is all there is: end_dump() forgets everything else.
  void begin_dump() { ++generation_; }
  void end_dump();

  /// Changes since the last call, in order.
  [[nodiscard]] std::vector<Change> take_changes();
  /// Names that pass the exclude expression, also those of interfaces that are down or otherwise not eligible.
  [[nodiscard]] std::set<std::string> names() const;

 private:
  struct Address {
    bool usable = false;
    std::uint64_t seen = 0;
  };
  struct Row {
    std::optional<LinkFacts> facts;
    std::uint64_t seen = 0;
    std::map<IpAddress, Address> link_locals;
    std::optional<layer2::InterfaceState> told;
  };
  void judge(InterfaceIndex index, Row& row);
  [[nodiscard]] std::optional<layer2::InterfaceState> state_of(const Row& row) const;

  Excluded excluded_;
  std::uint64_t generation_ = 0;
  std::map<InterfaceIndex, Row> rows_;
  std::vector<Change> changes_;
};

}  // namespace metallb::io
