// What this node numbers: pings, all kinds from one counter (gossip spec 3.2), and the streams that it dials.
#pragma once

#include <cstdint>

#include "gossip/inputs_and_actions.hpp"

namespace metallb::gossip {

class Numbers {
 public:
  /// The first is 1.
  std::uint32_t next_seq_no() { return ++seq_no_; }
  StreamId next_stream() { return StreamId(++stream_); }

 private:
  std::uint32_t seq_no_ = 0;
  std::uint64_t stream_ = 0;
};

}  // namespace metallb::gossip
