// The program in the kernel that answers ARP (answer_arp.bpf.c): its life, its table, its lease and its counters.
//
// What ties it to an interface is a descriptor of this process: however the process ends, the kernel takes the program away.
// Thread: one at a time, but for attach().
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::io {

/// A program at work on an interface; it ends with this value.
class ProgramLink {
 public:
  explicit ProgramLink(int descriptor) : descriptor_(descriptor) {}
  ProgramLink(ProgramLink&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProgramLink& operator=(ProgramLink&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~ProgramLink();

 private:
  int descriptor_;
};

class ArpProgram {
 public:
  using Counts = std::map<IpAddress, std::uint64_t>;

  /// Hands it to the kernel; without lease and interface it does nothing yet. Needs CAP_BPF and CAP_NET_ADMIN; the error
  /// names the remedy.
  static std::expected<std::unique_ptr<ArpProgram>, SystemError> load();
  ~ArpProgram();
  ArpProgram(const ArpProgram&) = delete;
  ArpProgram& operator=(const ArpProgram&) = delete;

  /// Lets it see what comes in on the interface, of the calling thread's network namespace, behind programs that are there
  /// already, for as long as the link lives. Needs CAP_NET_ADMIN and Linux 6.6; the error names the remedy. Takes some 20
  /// ms, as the end of the link does (the kernel waits for all processors); any thread.
  [[nodiscard]] std::expected<ProgramLink, SystemError> attach(InterfaceIndex interface) const;

  /// Answers for the IPv4 address on the interface with this MAC from now on. False when the table is full.
  [[nodiscard]] bool put(InterfaceIndex interface, const IpAddress& address, const MacAddress& mac);
  /// No answer leaves after the return, but for one that is on its way.
  void erase(InterfaceIndex interface, const IpAddress& address);
  /// Answers at most until then; a second from now at most.
  void lease(SteadyPoint until);

  /// It has answered since the last take_counts(): a look into shared memory.
  [[nodiscard]] bool has_counts() const;
  /// Requests answered since the last call. Reads the whole table.
  [[nodiscard]] Counts take_counts();

  /// Lets it judge one frame (of at least 14 bytes) as if that had come in on the loopback interface: what would be sent
  /// back there, or nothing when the frame would go on. For tests.
  [[nodiscard]] std::expected<Bytes, SystemError> judge(ByteView frame);

 private:
  struct Loaded;
  using Key = std::pair<InterfaceIndex, IpAddress>;
  explicit ArpProgram(std::unique_ptr<Loaded> loaded);
  void count(const Key& key, std::uint64_t answered);

  std::unique_ptr<Loaded> loaded_;
  std::map<Key, std::uint64_t> known_;  ///< what is in its table, and how many of its requests are counted
  std::uint64_t seen_ = 0;              ///< of all requests that it counted
  Counts counts_;
};

}  // namespace metallb::io
