#include "bgp/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metallb::bgp {
namespace {

/// RFC 9003 allows 255, RFC 8203 allowed 128.
constexpr std::size_t kMaximumText = 128;

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, std::size_t index) {
  return index < N ? names[index] : std::string_view();
}

constexpr std::array<std::string_view, 9> kCodes{
    "",      "message header",        "OPEN message",           "UPDATE message", "hold timer expired", "state machine",
    "Cease", "ROUTE-REFRESH message", "send hold timer expired"};
constexpr std::array<std::string_view, 4> kHeader{"", "not synchronised", "bad length", "bad type"};
constexpr std::array<std::string_view, 12> kOpen{"unspecific",
                                                 "unsupported version",
                                                 "bad peer AS",
                                                 "bad BGP identifier",
                                                 "unsupported optional parameter",
                                                 "authentication failure",
                                                 "unacceptable hold time",
                                                 "unsupported capability",
                                                 "",
                                                 "",
                                                 "",
                                                 "role mismatch"};
constexpr std::array<std::string_view, 12> kUpdate{"",
                                                   "malformed attribute list",
                                                   "unrecognised well-known attribute",
                                                   "missing well-known attribute",
                                                   "attribute flags",
                                                   "attribute length",
                                                   "invalid ORIGIN",
                                                   "AS routing loop",
                                                   "invalid NEXT_HOP",
                                                   "optional attribute",
                                                   "invalid network field",
                                                   "malformed AS_PATH"};
constexpr std::array<std::string_view, 4> kState{"", "unexpected message in OpenSent", "unexpected message in OpenConfirm",
                                                 "unexpected message in Established"};
constexpr std::array<std::string_view, 11> kCease{"",
                                                  "maximum number of prefixes",
                                                  "administrative shutdown",
                                                  "peer de-configured",
                                                  "administrative reset",
                                                  "connection rejected",
                                                  "other configuration change",
                                                  "connection collision",
                                                  "out of resources",
                                                  "hard reset",
                                                  "BFD down"};
constexpr std::array<std::string_view, 2> kRefresh{"", "invalid message length"};

std::string_view subcode_name(const Notification& notification) {
  switch (notification.code) {
    case ErrorCode::kMessageHeader:
      return pick(kHeader, notification.subcode);
    case ErrorCode::kOpenMessage:
      return pick(kOpen, notification.subcode);
    case ErrorCode::kUpdateMessage:
      return pick(kUpdate, notification.subcode);
    case ErrorCode::kFiniteStateMachine:
      return pick(kState, notification.subcode);
    case ErrorCode::kCease:
      return pick(kCease, notification.subcode);
    case ErrorCode::kRouteRefresh:
      return pick(kRefresh, notification.subcode);
    default:
      return {};
  }
}

bool is_hard_reset(const Notification& notification) {
  return notification.code == ErrorCode::kCease && notification.subcode == cease::kHardReset &&
         notification.data.size() >= 2;
}

Notification wrapped_in(const Notification& outer) {
  return {static_cast<ErrorCode>(outer.data[0]), outer.data[1], Bytes(outer.data.begin() + 2, outer.data.end())};
}

bool continues(std::uint8_t byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// The length of the UTF-8 character at the front of `text`, 0 if there is none. Overlong forms and surrogates only look
/// odd in a log and are let pass.
std::size_t character(ByteView text) {
  const auto first = text[0];
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  // U+0080 to U+009F are control characters.
  if (first == 0xC2 && text[1] < 0xA0) return 0;
  return std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), continues) ? length : 0;
}

std::string sanitised(ByteView text) {
  std::string out;
  while (!text.empty()) {
    const auto length = character(text);
    if (length == 0) {
      out += '?';
    } else {
      out.append(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    }
    text = text.subspan(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

std::string to_string(const Notification& notification) {
  const auto code = static_cast<std::uint8_t>(notification.code);
  std::string out = std::to_string(code) + "/" + std::to_string(notification.subcode);
  if (const auto name = pick(kCodes, code); !name.empty()) {
    out.append(" (").append(name);
    if (const auto detail = subcode_name(notification); !detail.empty()) out.append(", ").append(detail);
    out += ')';
  }
  if (is_hard_reset(notification)) {
    const auto inner = wrapped_in(notification);
    return is_hard_reset(inner) ? out : out + ": " + to_string(inner);
  }
  if (const auto text = shutdown_text(notification); !text.empty()) out.append(" \"").append(text).append("\"");
  return out;
}

Notification shutdown(std::uint8_t subcode, std::string_view text) {
  if (text.size() > kMaximumText) {
    auto end = kMaximumText;
    while (end > 0 && continues(static_cast<std::uint8_t>(text[end]))) --end;
    text = text.substr(0, end);
  }
  Notification out{ErrorCode::kCease, subcode, {}};
  out.data.push_back(static_cast<std::uint8_t>(text.size()));
  out.data.insert(out.data.end(), text.begin(), text.end());
  return out;
}

std::string shutdown_text(const Notification& notification) {
  if (is_hard_reset(notification)) {
    const auto inner = wrapped_in(notification);
    return is_hard_reset(inner) ? std::string() : shutdown_text(inner);
  }
  const bool may_speak = notification.code == ErrorCode::kCease && (notification.subcode == cease::kAdministrativeShutdown ||
                                                                    notification.subcode == cease::kAdministrativeReset);
  if (!may_speak || notification.data.empty()) return {};
  ByteReader in(notification.data);
  const std::size_t length = in.u8();
  return sanitised(in.take(std::min(length, in.remaining())));
}

Notification hard_reset(const Notification& reason) {
  Notification out{ErrorCode::kCease, cease::kHardReset, {static_cast<std::uint8_t>(reason.code), reason.subcode}};
  out.data.insert(out.data.end(), reason.data.begin(), reason.data.end());
  return out;
}

Error reset(ErrorCode code, std::uint8_t subcode, std::string_view reason, Bytes data) {
  return {Treatment::kResetSession, {code, subcode, std::move(data)}, reason};
}

}  // namespace metallb::bgp
