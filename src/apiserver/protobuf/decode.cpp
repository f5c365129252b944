#include "apiserver/protobuf/decode.hpp"

#include <algorithm>
#include <chrono>

#include "apiserver/protobuf/messages.hpp"
#include "base/base64.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver::protobuf {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kMaximumMessageDepth = 16;

/// One field on the wire (Protocol Buffers encoding: varint, 64-bit, length-delimited, 32-bit).
struct WireField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  ///< of a varint
  std::string_view bytes;   ///< of the others
  bool is_varint = false;

  [[nodiscard]] bool empty() const { return is_varint ? value == 0 : bytes.empty(); }
};

class WireReader {
 public:
  explicit WireReader(std::string_view data) : data_(data) {}
  [[nodiscard]] bool at_end() const { return data_.empty() || !ok_; }
  [[nodiscard]] bool ok() const { return ok_; }

  WireField next() {
    WireField out;
    const auto tag = varint();
    out.number = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7U) {
      case 0:
        out.is_varint = true;
        out.value = varint();
        break;
      case 1:
        out.bytes = take(8);
        break;
      case 2:
        out.bytes = take(varint());
        break;
      case 5:
        out.bytes = take(4);
        break;
      default:
        ok_ = false;
    }
    return out;
  }

 private:
  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (data_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(data_.front());
      data_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return out;
    }
    ok_ = false;
    return 0;
  }
  std::string_view take(std::uint64_t count) {
    if (count > data_.size()) {
      ok_ = false;
      return {};
    }
    const auto out = data_.substr(0, static_cast<std::size_t>(count));
    data_.remove_prefix(static_cast<std::size_t>(count));
    return out;
  }

  std::string_view data_;
  bool ok_ = true;
};

/// True for a message all of whose fields are unset: encoders write such messages for values without pointers.
bool says_nothing(std::string_view bytes, int depth) {
  WireReader reader(bytes);
  while (!reader.at_end()) {
    const auto field = reader.next();
    if (field.empty()) continue;
    if (field.is_varint || depth == 0 || !says_nothing(field.bytes, depth - 1)) return false;
  }
  return reader.ok();
}

class Decoder {
 public:
  explicit Decoder(std::string& error) : error_(error) {}

  json::object message(std::string_view name, std::string_view bytes, int depth) {
    json::object out;
    if (depth == 0) {
      fail("nested too deeply");
      return out;
    }
    WireReader reader(bytes);
    while (!reader.at_end() && error_.empty()) {
      const auto wire = reader.next();
      if (!reader.ok()) break;
      const auto* field = find_field(name, wire.number);
      if (field != nullptr) {
        store(out, *field, wire, depth);
      } else if (!wire.empty() && (wire.is_varint || !says_nothing(wire.bytes, depth))) {
        fail("field " + std::to_string(wire.number) + " of " + std::string(name) +
             " is not known to this server in protobuf: send JSON (for example through kubectl apply -f)");
      }
    }
    if (!reader.ok()) fail("malformed protobuf");
    return out;
  }

 private:
  void fail(std::string text) {
    if (error_.empty()) error_ = std::move(text);
  }

  void store(json::object& out, const Field& field, const WireField& wire, int depth) {
    const bool numeric = field.type == Type::kNumber || field.type == Type::kFlag;
    if (numeric != wire.is_varint) return fail("field " + std::string(field.name) + " has the wrong wire type");
    if (numeric) {
      if (wire.value == 0 && !field.pointer) return;
      out[field.name] =
          field.type == Type::kFlag ? json::value(wire.value != 0) : json::value(static_cast<std::int64_t>(wire.value));
      return;
    }
    if (field.type == Type::kTextMap || field.type == Type::kBytesMap) return store_entry(out, field, wire.bytes);
    auto value = scalar_or_message(field, wire.bytes, depth);
    if (field.repeated) {
      auto& slot = out[field.name];
      if (!slot.is_array()) slot.emplace_array();
      slot.get_array().push_back(std::move(value));
    } else if (!value.is_null()) {
      out[field.name] = std::move(value);
    }
  }

  /// Null for what counts as unset.
  json::value scalar_or_message(const Field& field, std::string_view bytes, int depth) {
    switch (field.type) {
      case Type::kText:
        return bytes.empty() && !field.repeated ? json::value(nullptr) : json::value(bytes);
      case Type::kTime:
        return time(bytes);
      case Type::kIntOrString:
        return int_or_string(bytes);
      default: {
        auto object = message(field.submessage, bytes, depth - 1);
        return object.empty() && !field.repeated ? json::value(nullptr) : json::value(std::move(object));
      }
    }
  }

  void store_entry(json::object& out, const Field& field, std::string_view bytes) {
    std::string_view key;
    std::string_view value;
    WireReader reader(bytes);
    while (!reader.at_end()) {
      const auto wire = reader.next();
      if (wire.number == 1) key = wire.bytes;
      if (wire.number == 2) value = wire.bytes;
    }
    if (!reader.ok()) return fail("malformed protobuf");
    object_in(out, field.name)[key] = field.type == Type::kBytesMap ? encode_base64(value) : std::string(value);
  }

  json::value time(std::string_view bytes) {
    std::int64_t seconds = 0;
    WireReader reader(bytes);
    while (!reader.at_end()) {
      const auto wire = reader.next();
      if (wire.number == 1 && wire.is_varint) seconds = static_cast<std::int64_t>(wire.value);
    }
    if (!reader.ok()) fail("malformed protobuf");
    // Go's zero time, and whatever nanoseconds since 1970 cannot hold, is no time.
    constexpr std::int64_t kLatest = 9'000'000'000;
    if (seconds <= 0 || seconds > kLatest) return nullptr;
    return json::value(kube::format_time(WallPoint(std::chrono::seconds(seconds))));
  }

  json::value int_or_string(std::string_view bytes) {
    bool is_text = false;
    std::int64_t number = 0;
    std::string_view text;
    WireReader reader(bytes);
    while (!reader.at_end()) {
      const auto wire = reader.next();
      if (wire.number == 1 && wire.is_varint) is_text = wire.value == 1;
      if (wire.number == 2 && wire.is_varint) number = static_cast<std::int64_t>(wire.value);
      if (wire.number == 3 && !wire.is_varint) text = wire.bytes;
    }
    if (!reader.ok()) fail("malformed protobuf");
    return is_text ? json::value(text) : json::value(number);
  }

  std::string& error_;
};

}  // namespace

bool is_envelope(std::string_view body) {
  return body.starts_with(kMagic);
}

std::optional<json::object> decode(std::string_view body, std::string& error) {
  std::string_view type_meta;
  std::string_view raw;
  WireReader envelope(body.substr(std::min(body.size(), kMagic.size())));
  while (!envelope.at_end()) {
    const auto wire = envelope.next();
    if (wire.number == 1) type_meta = wire.bytes;
    if (wire.number == 2) raw = wire.bytes;
  }
  std::string_view api_version;
  std::string_view kind;
  WireReader types(type_meta);
  while (!types.at_end()) {
    const auto wire = types.next();
    if (wire.number == 1) api_version = wire.bytes;
    if (wire.number == 2) kind = wire.bytes;
  }
  if (!is_envelope(body) || !envelope.ok() || !types.ok()) {
    error = "malformed protobuf";
    return std::nullopt;
  }
  if (!is_message(kind)) {
    error = "kind \"" + std::string(kind) + "\" is not known to this server in protobuf: send JSON";
    return std::nullopt;
  }
  error.clear();
  json::object out{{"kind", kind}, {"apiVersion", api_version}};
  for (auto& member : Decoder(error).message(kind, raw, kMaximumMessageDepth)) out[member.key()] = member.value();
  if (!error.empty()) return std::nullopt;
  // The JSON reader is the one that knows valid text (UTF-8) from other bytes.
  auto checked = parse(json::serialize(out), error);
  if (!checked) return std::nullopt;
  return std::move(checked->get_object());
}

}  // namespace metallb::apiserver::protobuf
