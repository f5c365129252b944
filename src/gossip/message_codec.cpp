#include "gossip/message_codec.hpp"

#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gossip/lzw.hpp"
#include "gossip/message_fields.hpp"
#include "gossip/msgpack.hpp"

namespace metallb::gossip {
namespace {

constexpr std::uint8_t kLzw = 0;

template <class T>
bool is_empty(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value == 0;
  } else {
    return value.empty();
  }
}

/// How many fields will be written.
class Counter {
 public:
  template <class T>
  void operator()(std::string_view, const T&) {
    ++count_;
  }
  template <class T>
  void unless_empty(std::string_view, const T& value) {
    if (!is_empty(value)) ++count_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

class FieldWriter {
 public:
  explicit FieldWriter(Bytes& out) : writer_(out) {}
  template <class T>
  void operator()(std::string_view key, const T& value) {
    writer_.string(key);
    put(value);
  }
  template <class T>
  void unless_empty(std::string_view key, const T& value) {
    if (!is_empty(value)) (*this)(key, value);
  }
  MsgpackWriter& writer() { return writer_; }

 private:
  void put(const std::string& value) { writer_.string(value); }
  void put(bool value) { writer_.boolean(value); }
  void put(MemberState value) { writer_.signed_number(static_cast<std::int64_t>(value)); }
  /// Addresses and versions: none is nil.
  void put(const Bytes& value) { value.empty() ? writer_.nil() : writer_.raw(value); }
  void put(const std::optional<Bytes>& value) { value ? writer_.raw(*value) : writer_.nil(); }
  template <std::signed_integral T>
  void put(T value) {
    writer_.signed_number(value);
  }
  template <std::unsigned_integral T>
  void put(T value) {
    writer_.unsigned_number(value);
  }

  MsgpackWriter writer_;
};

/// Reads the value of one key into the member that has it.
class FieldReader {
 public:
  FieldReader(MsgpackReader& in, std::string_view key) : in_(in), key_(key) {}
  template <class T>
  void operator()(std::string_view key, T& member) {
    if (key != key_) return;
    found_ = true;
    take(member);
  }
  template <class T>
  void unless_empty(std::string_view key, T& member) {
    (*this)(key, member);
  }
  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] bool known_state() const { return known_state_; }

 private:
  void take(std::string& member) { member = in_.string(); }
  void take(bool& member) { member = in_.boolean(); }
  void take(Bytes& member) { member = in_.bytes().value_or(Bytes()); }
  void take(std::optional<Bytes>& member) { member = in_.bytes(); }
  void take(std::int64_t& member) { member = in_.signed_number(); }
  void take(MemberState& member) {
    const auto number = in_.signed_number();
    known_state_ = number >= 0 && number <= static_cast<std::int64_t>(MemberState::kLeft);
    if (known_state_) member = static_cast<MemberState>(number);
  }
  template <std::unsigned_integral T>
  void take(T& member) {
    member = static_cast<T>(in_.unsigned_number(std::numeric_limits<T>::max()));
  }

  MsgpackReader& in_;
  std::string_view key_;
  bool found_ = false;
  bool known_state_ = true;
};

template <class M>
void write_body(const M& message, Bytes& out) {
  Counter counter;
  fields(counter, message);
  FieldWriter writer(out);
  writer.writer().map(counter.count());
  fields(writer, message);
}

template <class M>
struct ReadBody {
  M message;
  bool known_state = true;
};

/// Any order of keys; unknown ones are passed over, missing ones stay zero.
template <class M>
std::optional<ReadBody<M>> read_fields(ByteView body) {
  MsgpackReader in(body);
  ReadBody<M> out;
  for (auto left = in.map(); left > 0 && in.ok(); --left) {
    const auto key = in.string();
    if (!in.ok()) break;
    FieldReader field(in, key);
    fields(field, out.message);
    if (!field.found()) in.skip();
    out.known_state = out.known_state && field.known_state();
  }
  if (!in.ok()) return std::nullopt;
  return out;
}

template <class M>
std::optional<M> read_body(ByteView body) {
  auto read = read_fields<M>(body);
  if (!read) return std::nullopt;
  return std::move(read->message);
}

template <class M>
constexpr MessageType type_of() {
  if constexpr (std::is_same_v<M, Ping>) return MessageType::kPing;
  if constexpr (std::is_same_v<M, IndirectPing>) return MessageType::kIndirectPing;
  if constexpr (std::is_same_v<M, Ack>) return MessageType::kAck;
  if constexpr (std::is_same_v<M, Nack>) return MessageType::kNack;
  if constexpr (std::is_same_v<M, Suspect>) return MessageType::kSuspect;
  if constexpr (std::is_same_v<M, Alive>) return MessageType::kAlive;
  if constexpr (std::is_same_v<M, Dead>) return MessageType::kDead;
  if constexpr (std::is_same_v<M, User>) return MessageType::kUser;
  if constexpr (std::is_same_v<M, PushPull>) return MessageType::kPushPull;
  if constexpr (std::is_same_v<M, ErrorReply>) return MessageType::kError;
}

template <class M>
void write_typed(const M& message, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(type_of<M>()));
  if constexpr (std::is_same_v<M, User>) {
    out.insert(out.end(), message.data.begin(), message.data.end());
  } else if constexpr (std::is_same_v<M, PushPull>) {
    write_body(PushPullHead{message.join, static_cast<std::int64_t>(message.entries.size()),
                            static_cast<std::int64_t>(message.user_state.size())},
               out);
    for (const auto& entry : message.entries) write_body(entry, out);
    out.insert(out.end(), message.user_state.begin(), message.user_state.end());
  } else {
    write_body(message, out);
  }
}

template <class M>
std::expected<PacketMessage, MessageFault> read_as(ByteView body) {
  auto message = read_body<M>(body);
  if (!message) return std::unexpected(MessageFault::kBadBody);
  return PacketMessage(std::move(*message));
}

}  // namespace

bool is_stream_type(MessageType type) {
  return type == MessageType::kPing || type == MessageType::kAck || type == MessageType::kPushPull ||
         type == MessageType::kUser || type == MessageType::kError || type == MessageType::kCompress;
}

void write_message(const PacketMessage& message, Bytes& out) {
  std::visit([&](const auto& m) { write_typed(m, out); }, message);
}

void write_message(const StreamMessage& message, Bytes& out) {
  if (const auto* user = std::get_if<User>(&message)) {
    // In a stream the end of the data is not the end of the packet, so its length goes first.
    out.push_back(static_cast<std::uint8_t>(MessageType::kUser));
    write_body(UserHead{static_cast<std::int64_t>(user->data.size())}, out);
    out.insert(out.end(), user->data.begin(), user->data.end());
    return;
  }
  std::visit([&](const auto& m) { write_typed(m, out); }, message);
}

std::expected<PacketMessage, MessageFault> read_packet_message(ByteView message) {
  if (message.empty()) return std::unexpected(MessageFault::kBadBody);
  const auto body = message.subspan(1);
  switch (static_cast<MessageType>(message[0])) {
    case MessageType::kPing:
      return read_as<Ping>(body);
    case MessageType::kIndirectPing:
      return read_as<IndirectPing>(body);
    case MessageType::kAck:
      return read_as<Ack>(body);
    case MessageType::kNack:
      return read_as<Nack>(body);
    case MessageType::kSuspect:
      return read_as<Suspect>(body);
    case MessageType::kAlive:
      return read_as<Alive>(body);
    case MessageType::kDead:
      return read_as<Dead>(body);
    case MessageType::kUser:
      return PacketMessage(User{Bytes(body.begin(), body.end())});
    default:
      return std::unexpected(MessageFault::kUnknownType);
  }
}

std::optional<Ping> read_ping(ByteView body) {
  return read_body<Ping>(body);
}

std::optional<Ack> read_ack(ByteView body) {
  return read_body<Ack>(body);
}

std::optional<ErrorReply> read_error(ByteView body) {
  return read_body<ErrorReply>(body);
}

std::optional<PushPullHead> read_push_pull_head(ByteView body) {
  return read_body<PushPullHead>(body);
}

std::optional<ReadEntry> read_push_pull_entry(ByteView body) {
  auto read = read_fields<PushPullEntry>(body);
  if (!read) return std::nullopt;
  return ReadEntry{std::move(read->message), read->known_state};
}

std::optional<std::int64_t> read_user_length(ByteView body) {
  const auto head = read_body<UserHead>(body);
  if (!head) return std::nullopt;
  return head->length;
}

void write_compressed(ByteView message, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(MessageType::kCompress));
  write_body(Compressed{kLzw, lzw_compress(message)}, out);
}

std::optional<Bytes> read_compressed(ByteView body, std::size_t cap) {
  const auto layer = read_body<Compressed>(body);
  if (!layer || layer->algorithm != kLzw || !layer->buffer) return std::nullopt;
  auto plain = lzw_decompress(*layer->buffer, cap);
  if (!plain) return std::nullopt;
  return std::move(*plain);
}

}  // namespace metallb::gossip
