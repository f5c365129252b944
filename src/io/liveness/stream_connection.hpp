// One connection of Streams (see there).
#pragma once

#include <memory>
#include <string>

#include "io/liveness/streams.hpp"

namespace metallb::io {

/// Its handlers hold it alive; once detached from its owner it does nothing any more.
class Streams::Connection : public std::enable_shared_from_this<Streams::Connection> {
 public:
  Connection(Streams& owner, gossip::StreamId id, Tcp::socket socket, const IpAddress& peer)
      : owner_(&owner), id_(id), peer_(peer), socket_(std::move(socket)), farewell_(owner.loop_) {}

  void connect(const Tcp::endpoint& to);
  /// It is connected: reads and writes from now on.
  void begin();
  void send(ByteView data, bool last);
  /// The core is through with it.
  void dismiss();
  /// Ends at once. The owner has forgotten it.
  void detach();

  [[nodiscard]] bool dismissed() const { return dismissed_; }
  [[nodiscard]] bool accepted() const { return (id_.value() & gossip::kAcceptedStream) != 0; }
  [[nodiscard]] const IpAddress& peer() const { return peer_; }

 private:
  void wait_to_read();
  void read();
  void peer_is_done();
  void write();
  void all_has_left();
  void linger();
  void fail(const std::string& error);
  /// Once, and not when the core itself has closed it.
  void tell_end(const std::string& error);
  /// May be the end of the owner's last reference: touch nothing afterwards but locals.
  void finish() { owner_->remove(id_); }

  Streams* owner_;
  gossip::StreamId id_;
  IpAddress peer_;
  Tcp::socket socket_;
  boost::asio::steady_timer farewell_;
  Bytes outgoing_;
  std::size_t sent_ = 0;  ///< of outgoing_
  bool open_ = false;
  bool writing_ = false;
  bool last_ = false;       ///< nothing more will be sent
  bool read_all_ = false;   ///< the peer has closed its direction
  bool dismissed_ = false;  ///< the core does not know it any more
};

}  // namespace metallb::io
