#include "gossip/stream_body.hpp"

#include <utility>

#include "gossip/stream.hpp"

namespace metallb::gossip {
namespace {

template <class M>
StreamBody::Outcome whole(std::optional<M> message) {
  if (!message) return StreamBody::Bad{"its body cannot be read"};
  return StreamMessage(std::move(*message));
}

bool is_size(std::int64_t length) {
  return length >= 0 && length <= static_cast<std::int64_t>(kMaximumStream);
}

}  // namespace

StreamBody::Outcome StreamBody::advance(ByteView all) {
  if (all.empty()) return More{};
  const auto type = static_cast<MessageType>(all[0]);
  for (;;) {
    const auto rest = all.subspan(position_);
    if (part_ == Part::kEntries && entries_left_ == 0) part_ = Part::kRaw;
    if (part_ == Part::kRaw) return raw(type, rest);
    // Without a look at the type first, a stranger's first byte would decide how many more we wait for.
    if (part_ == Part::kHead && !is_stream_type(type)) {
      return Bad{"a message of type " + std::to_string(all[0]) + " does not belong into a stream"};
    }
    const auto state = scanner_.advance(rest);
    if (state == MsgpackScanner::State::kMore) return More{};
    if (state == MsgpackScanner::State::kBad) return Bad{"its body cannot be read"};
    const auto value = rest.first(scanner_.end());
    position_ += value.size();
    scanner_ = {};
    if (auto outcome = part_ == Part::kHead ? head(type, value) : entry(value)) return std::move(*outcome);
  }
}

std::optional<StreamBody::Outcome> StreamBody::head(MessageType type, ByteView value) {
  switch (type) {
    case MessageType::kPing:
      return whole(read_ping(value));
    case MessageType::kAck:
      return whole(read_ack(value));
    case MessageType::kError:
      return whole(read_error(value));
    case MessageType::kCompress:
      return Compression{value};
    case MessageType::kUser:
      return user_head(value);
    default:
      return push_pull_head(value);
  }
}

std::optional<StreamBody::Outcome> StreamBody::user_head(ByteView value) {
  const auto length = read_user_length(value);
  if (!length || !is_size(*length)) return Bad{"the length of the user message is not between 0 and 20 MiB"};
  raw_size_ = static_cast<std::size_t>(*length);
  part_ = Part::kRaw;
  return std::nullopt;
}

std::optional<StreamBody::Outcome> StreamBody::push_pull_head(ByteView value) {
  const auto head = read_push_pull_head(value);
  if (!head) return Bad{"its body cannot be read"};
  if (head->nodes < 0 || head->nodes > kMaximumEntries) {
    return Bad{"it announces " + std::to_string(head->nodes) + " members; at most " + std::to_string(kMaximumEntries) +
               " are accepted"};
  }
  if (!is_size(head->user_state_length)) return Bad{"the length of the user state is not between 0 and 20 MiB"};
  push_pull_.join = head->join;
  entries_left_ = static_cast<std::size_t>(head->nodes);
  raw_size_ = static_cast<std::size_t>(head->user_state_length);
  part_ = Part::kEntries;
  return std::nullopt;
}

std::optional<StreamBody::Outcome> StreamBody::entry(ByteView value) {
  auto read = read_push_pull_entry(value);
  if (!read) return Bad{"one of its members cannot be read"};
  --entries_left_;
  if (read->known_state && !read->entry.name.empty()) push_pull_.entries.push_back(std::move(read->entry));
  return std::nullopt;
}

StreamBody::Outcome StreamBody::raw(MessageType type, ByteView bytes) {
  if (bytes.size() < raw_size_) return More{};
  const auto data = bytes.first(raw_size_);
  if (type == MessageType::kUser) return StreamMessage(User{Bytes(data.begin(), data.end())});
  push_pull_.user_state.assign(data.begin(), data.end());
  return StreamMessage(std::move(push_pull_));
}

}  // namespace metallb::gossip
