// Asks somebody on the own link for a sign of life, so that a node with one peer only can tell the peer's death from its own
// isolation (failover spec 4). Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "io/liveness/network_table.hpp"

namespace metallb::io {

class Witness {
 public:
  /// Once for each ask(). May run from within it.
  using Answered = std::function<void(gossip::WitnessAnswered)>;

  Witness(boost::asio::io_context& loop, Answered answered, Log log);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// The interface to ask on, whenever it changes. Opens a packet socket there; without the right to (CAP_NET_RAW) nobody
  /// can be asked.
  void use(const std::optional<Uplink>& uplink);
  /// Any frame from any of the targets, from now on and until `patience` has passed, is an answer; they are asked three
  /// times at most. At most kAsked questions are open at a time.
  void ask(std::uint64_t request, WitnessChoice choice, Duration patience);

  static constexpr std::size_t kAsked = 8;

 private:
  struct Question {
    std::uint64_t request = 0;
    WitnessChoice choice;
    SteadyPoint until;
    SteadyPoint ask_again;
    int asked = 0;
  };
  void open();
  [[nodiscard]] bool capture();
  [[nodiscard]] bool attach(std::span<const WitnessTarget> targets);
  void wait();
  void receive();
  void take(ByteView frame);
  void on_time();
  void arm();
  void failed(std::string_view operation, int error);

  Answered answered_;
  Log log_;
  std::optional<Uplink> uplink_;
  boost::asio::posix::stream_descriptor descriptor_;
  bool capturing_ = false;  ///< bound to the interface: frames come
  boost::asio::steady_timer timer_;
  std::vector<Question> questions_;
};

}  // namespace metallb::io
