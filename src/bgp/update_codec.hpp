// The body of UPDATE messages, to keep or only to count.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "bgp/error.hpp"
#include "bgp/message.hpp"
#include "bgp/message_codec.hpp"

namespace metallb::bgp {

/// What is in an UPDATE that nobody keeps.
struct UpdateCounts {
  std::size_t announced = 0;  ///< prefixes, both families
  std::size_t withdrawn = 0;
  std::optional<Family> end_of_rib;  ///< RFC 4724, Section 2
  UpdateFaults faults;
};

/// Fails only where the message's own lengths contradict each other; all else is in the faults, whatever their treatment.
/// Memory: in the order of the message's size.
[[nodiscard]] std::expected<Update, Error> decode_update(ByteView body, const DecodeContext& context);
/// The same without keeping prefixes.
[[nodiscard]] std::expected<UpdateCounts, Error> count_update(ByteView body, const DecodeContext& context);

void write_update(const Update& update, const EncodeContext& context, Bytes& out);

}  // namespace metallb::bgp
