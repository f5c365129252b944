// Real memberships in IPv6 multicast groups, so that the kernel sends MLD reports (RFC 3810) and switches that snoop
// deliver.
//
// Nothing is received here: solicitations come in on packet sockets. A membership costs socket option memory
// (net.core.optmem_max; about 2,340 groups in its old default), so they are spread over as many sockets as it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::io {

class GroupSockets {
 public:
  explicit GroupSockets(Log log) : log_(log) {}
  ~GroupSockets();
  GroupSockets(const GroupSockets&) = delete;
  GroupSockets& operator=(const GroupSockets&) = delete;

  /// False when the group cannot be joined now: that was logged, and retry() may do better.
  bool join(InterfaceIndex interface, const IpAddress& group);
  void leave(InterfaceIndex interface, const IpAddress& group);
  /// Tries again what failed on this interface.
  void retry(InterfaceIndex interface);

  [[nodiscard]] std::size_t sockets() const { return sockets_.size(); }
  /// Groups that are wanted and held.
  [[nodiscard]] std::size_t held() const;

 private:
  struct Socket {
    std::size_t groups = 0;
    bool full = false;
  };
  using Key = std::pair<InterfaceIndex, IpAddress>;
  /// The descriptor that holds the membership now, or the errno.
  struct Outcome {
    std::optional<int> descriptor;
    int error = 0;
  };
  [[nodiscard]] Outcome hold(const Key& key);
  void release(int descriptor);
  void report(const char* operation, const Key& key, int error) const;

  Log log_;
  std::map<int, Socket> sockets_;              ///< by descriptor
  std::map<Key, std::optional<int>> members_;  ///< wanted groups, and who holds each
};

}  // namespace metallb::io
