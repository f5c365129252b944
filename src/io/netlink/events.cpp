#include "io/netlink/events.hpp"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace metallb::io {
namespace {

constexpr auto kDumpRetry = std::chrono::seconds(1);
/// The kernel fills at most 32 KiB at a time.
constexpr std::size_t kMessageBuffer = 64 * 1024;
/// Batches handled per wake-up, so that a storm of events does not keep other sockets waiting; the rest comes with the next.
constexpr int kBatchesPerWakeUp = 16;

SystemError netlink_error(std::string operation, int error) {
  return {std::move(operation), "netlink", std::error_code(), nl_geterror(error)};
}

/// Length of the fixed header of a request; each begins with the address family.
std::size_t header_size(int type) {
  switch (type) {
    case RTM_GETADDR:
      return sizeof(ifaddrmsg);
    case RTM_GETNEIGH:
      return sizeof(ndmsg);
    case RTM_GETROUTE:
      return sizeof(rtmsg);
    default:
      return sizeof(ifinfomsg);
  }
}

}  // namespace

void NetlinkEvents::CloseSocket::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

std::expected<std::unique_ptr<NetlinkEvents>, SystemError> NetlinkEvents::open(boost::asio::io_context& loop,
                                                                               Options options, Handlers handlers, Log log) {
  std::unique_ptr<NetlinkEvents> events(new NetlinkEvents(loop, std::move(options), std::move(handlers), log));
  if (auto done = events->subscribe(); !done) return std::unexpected(std::move(done.error()));
  events->start_dump();
  events->wait();
  return events;
}

NetlinkEvents::NetlinkEvents(boost::asio::io_context& loop, Options options, Handlers handlers, Log log)
    : options_(std::move(options)), handlers_(std::move(handlers)), log_(log), descriptor_(loop), retry_(loop) {}

NetlinkEvents::~NetlinkEvents() {
  if (descriptor_.is_open()) (void)descriptor_.release();  // libnl closes it
}

std::expected<void, SystemError> NetlinkEvents::subscribe() {
  socket_.reset(nl_socket_alloc());
  if (!socket_) return std::unexpected(netlink_error("allocate", -NLE_NOMEM));
  // Events carry no sequence number of ours.
  nl_socket_disable_seq_check(socket_.get());
  // libnl would look at each message before it reads it. During a dump every look makes the kernel go on with the dump, and
  // where the buffer is full that fails with ENOBUFS for ever, because nothing is ever taken out.
  nl_socket_disable_msg_peek(socket_.get());
  if (const int error = nl_socket_set_msg_buf_size(socket_.get(), kMessageBuffer); error < 0) {
    return std::unexpected(netlink_error("set the message size of", error));
  }
  if (const int error = nl_connect(socket_.get(), NETLINK_ROUTE); error < 0) {
    return std::unexpected(netlink_error("connect", error));
  }
  if (const int error = nl_socket_set_buffer_size(socket_.get(), options_.receive_buffer, 0); error < 0) {
    return std::unexpected(netlink_error("set the receive buffer of", error));
  }
  if (auto done = attach_filter(); !done) return done;
  for (const int group : options_.groups) {
    if (const int error = nl_socket_add_memberships(socket_.get(), group, 0); error < 0) {
      return std::unexpected(netlink_error("subscribe to", error));
    }
  }
  if (const int error = nl_socket_set_nonblocking(socket_.get()); error < 0) {
    return std::unexpected(netlink_error("unblock", error));
  }
  nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, &NetlinkEvents::on_message, this);
  nl_socket_modify_cb(socket_.get(), NL_CB_FINISH, NL_CB_CUSTOM, &NetlinkEvents::on_dump_done, this);
  nl_socket_modify_cb(socket_.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM, &NetlinkEvents::on_dump_torn, this);
  boost::system::error_code failed;
  descriptor_.assign(nl_socket_get_fd(socket_.get()), failed);
  if (failed) return std::unexpected(SystemError{"watch", "netlink", failed, {}});
  return {};
}

std::expected<void, SystemError> NetlinkEvents::attach_filter() {
  if (options_.filter.empty()) return {};
  const sock_fprog program{static_cast<unsigned short>(options_.filter.size()), options_.filter.data()};
  if (::setsockopt(nl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0) return {};
  return std::unexpected(SystemError{"attach a filter to", "netlink", std::error_code(errno, std::generic_category()), {}});
}

void NetlinkEvents::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    receive();
    wait();
  });
}

void NetlinkEvents::receive() {
  for (int batch = 0; batch < kBatchesPerWakeUp; ++batch) {
    const int result = nl_recvmsgs_default(socket_.get());
    if (result == -NLE_AGAIN) break;
    if (result == -NLE_NOMEM) {  // libnl's word for ENOBUFS: events were dropped
      log_.warn({{"op", options_.op},
                 {"msg", "events about " + std::string(options_.what) + " were lost, reading all of them again"}});
      lost_ = true;
    } else if (result < 0 && result != -NLE_INTR) {
      retry_dump_later(result);
      break;
    }
  }
  // What still waits is from before the loss: told within a dump, it would pass for a part of it.
  if (lost_ && !dumping_ && drained()) start_dump();
  handlers_.changed(std::exchange(complete_, false));
}

bool NetlinkEvents::drained() const {
  pollfd waiting{nl_socket_get_fd(socket_.get()), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

void NetlinkEvents::read_again() {
  if (dumping_) {
    dump_again_ = true;
  } else {
    start_dump();
  }
}

void NetlinkEvents::start_dump() {
  lost_ = dump_again_ = false;
  dumping_ = true;
  current_ = 0;
  handlers_.begin_dump();
  request();
}

void NetlinkEvents::request() {
  const auto& dump = options_.dumps[current_];
  std::array<std::uint8_t, sizeof(ifinfomsg)> header{};  // the longest of them
  header[0] = dump.family;
  const int sent = nl_send_simple(socket_.get(), dump.type, NLM_F_DUMP, header.data(), header_size(dump.type));
  if (sent < 0) retry_dump_later(sent);
}

void NetlinkEvents::finish_dump() {
  if (!dumping_) return;
  if (lost_) {
    dumping_ = false;
    return;
  }
  if (dump_again_) return start_dump();
  if (++current_ < options_.dumps.size()) return request();
  dumping_ = false;
  handlers_.end_dump();
  complete_ = true;
}

void NetlinkEvents::retry_dump_later(int error) {
  log_.error({{"op", options_.op},
              {"error", nl_geterror(error)},
              {"msg", "cannot read the " + std::string(options_.what) + ", trying again"}});
  dumping_ = false;
  retry_.expires_after(kDumpRetry);
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !dumping_) start_dump();
  });
}

int NetlinkEvents::on_message(nl_msg* message, void* self) {
  static_cast<NetlinkEvents*>(self)->handlers_.message(*nlmsg_hdr(message));
  return NL_OK;
}

int NetlinkEvents::on_dump_done(nl_msg* /*message*/, void* self) {
  static_cast<NetlinkEvents*>(self)->finish_dump();
  return NL_OK;
}

int NetlinkEvents::on_dump_torn(nl_msg* /*message*/, void* self) {
  static_cast<NetlinkEvents*>(self)->dump_again_ = true;
  return NL_OK;
}

}  // namespace metallb::io
