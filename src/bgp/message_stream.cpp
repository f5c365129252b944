#include "bgp/message_stream.hpp"

#include <utility>

namespace metallb::bgp {

void MessageStream::receive(ByteView bytes) {
  if (taken_ == buffer_.size()) {
    // Nothing is kept by a session that is quiet.
    buffer_ = Bytes();
  } else {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  }
  taken_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::expected<std::optional<MessageStream::Framed>, Error> MessageStream::next(const DecodeContext& context) {
  const auto left = ByteView(buffer_).subspan(taken_);
  if (left.size() < kHeaderSize) return std::nullopt;
  auto header = read_header(left, context);
  if (!header) return std::unexpected(std::move(header.error()));
  if (left.size() < header->length) return std::nullopt;
  taken_ += header->length;
  return Framed{header->type, left.first(header->length)};
}

}  // namespace metallb::bgp
