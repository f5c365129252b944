#include "io/liveness/witness.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "io/clock.hpp"
#include "io/liveness/witness_frames.hpp"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23  // Linux 4.20
#endif

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;
using gossip::WitnessAnswer;

constexpr auto kAskInterval = std::chrono::milliseconds(20);
constexpr int kTimes = 3;
constexpr int kFramesPerWakeUp = 64;
constexpr std::size_t kFrameSize = 256;

}  // namespace

Witness::Witness(boost::asio::io_context& loop, Answered answered, Log log)
    : answered_(std::move(answered)), log_(log), descriptor_(loop), timer_(loop) {}

void Witness::use(const std::optional<Uplink>& uplink) {
  const bool same_socket = uplink_ && uplink && uplink_->index == uplink->index && descriptor_.is_open();
  uplink_ = uplink;
  if (same_socket) return;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  capturing_ = false;
  if (uplink_ && uplink_->resolves) open();
  // Whoever was asked was asked elsewhere.
  for (const auto& question : std::exchange(questions_, {})) answered_({question.request, WitnessAnswer::kSilent});
  arm();
}

void Witness::open() {
  // Without a protocol: not a frame comes, and the kernel does no work for it, until there is a question.
  const int descriptor = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed("open", errno);
  boost::system::error_code refused;
  descriptor_.assign(descriptor, refused);
  if (refused) {
    ::close(descriptor);
    return failed("watch", refused.value());
  }
  const int on = 1;
  (void)::setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

bool Witness::attach(std::span<const WitnessTarget> targets) {
  auto program = witness_filter(targets);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0;
}

bool Witness::capture() {
  std::vector<WitnessTarget> targets;
  for (const auto& question : questions_) {
    targets.insert(targets.end(), question.choice.targets.begin(), question.choice.targets.end());
  }
  if (!attach(targets)) {
    failed("attach a filter to", errno);
    return false;
  }
  if (capturing_) return true;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = uplink_->index.value();
  if (::bind(descriptor_.native_handle(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    failed("bind", errno);
    return false;
  }
  // From now on it stays bound: to take it off again, the kernel would hold this thread for some milliseconds. Between two
  // questions the filter lets nothing pass.
  capturing_ = true;
  wait();
  return true;
}

void Witness::ask(std::uint64_t request, WitnessChoice choice, Duration patience) {
  const bool possible = descriptor_.is_open() && !choice.targets.empty() && questions_.size() < kAsked;
  if (possible) {
    const auto at = now().steady;
    // What came before the question is no answer to it.
    if (capturing_) receive();
    questions_.push_back(
        {.request = request, .choice = std::move(choice), .until = at + patience, .ask_again = at, .asked = 0});
    if (capture()) return on_time();
    questions_.pop_back();
  }
  answered_({request, WitnessAnswer::kNobodyToAsk});
}

void Witness::on_time() {
  const auto at = now().steady;
  for (auto& question : questions_) {
    if (question.ask_again > at || question.asked == kTimes) continue;
    ++question.asked;
    question.ask_again = at + kAskInterval;
    for (const auto& target : question.choice.targets) {
      const auto frame = encode_question(*uplink_, target.address);
      (void)::send(descriptor_.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT);  // lost: it is sent again
    }
  }
  std::vector<Question> over;
  std::erase_if(questions_, [&](Question& question) {
    if (question.until > at) return false;
    over.push_back(std::move(question));
    return true;
  });
  if (!over.empty() && questions_.empty()) (void)attach({});
  arm();
  for (const auto& question : over) answered_({question.request, WitnessAnswer::kSilent});
}

void Witness::arm() {
  auto next = kIdle;
  for (const auto& question : questions_) {
    next = std::min(next, question.asked < kTimes ? std::min(question.ask_again, question.until) : question.until);
  }
  timer_.cancel();
  if (next == kIdle) return;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) on_time();
  });
}

void Witness::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    receive();
    wait();
  });
}

void Witness::receive() {
  std::array<std::uint8_t, kFrameSize> buffer;
  for (int count = 0; count < kFramesPerWakeUp; ++count) {
    sockaddr_ll from{};
    socklen_t from_size = sizeof(from);
    const auto size = ::recvfrom(descriptor_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      continue;  // the interface is down: nobody answers
    }
    if (from.sll_pkttype != PACKET_OUTGOING) take(ByteView(buffer.data(), static_cast<std::size_t>(size)));
  }
}

void Witness::take(ByteView frame) {
  std::vector<std::uint64_t> heard;
  std::erase_if(questions_, [&](const Question& question) {
    if (question.choice.accused_mac && is_sign_of_life(frame, {.address = {}, .mac = question.choice.accused_mac}))
      return false;
    const bool answers =
        std::ranges::any_of(question.choice.targets, [&](const auto& target) { return is_sign_of_life(frame, target); });
    if (answers) heard.push_back(question.request);
    return answers;
  });
  if (heard.empty()) return;
  if (questions_.empty()) (void)attach({});
  arm();
  for (const auto request : heard) answered_({request, WitnessAnswer::kHeard});
}

void Witness::failed(std::string_view operation, int error) {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  capturing_ = false;
  log_.warn(
      {{"op", "askWitness"},
       {"interface", uplink_ ? uplink_->name : std::string()},
       {"error", std::string(operation) + " packet socket: " + std::error_code(error, std::generic_category()).message()},
       {"msg",
        "cannot ask a neighbour for a sign of life: the last of two members trusts its own eyes (NET_RAW "
        "would allow it)"}});
}

}  // namespace metallb::io
