// Messages of BGP, whole: any bytes. What is read must survive being written and read again; counting must agree with
// keeping.
#include "base/contract.hpp"
#include "bgp/message_codec.hpp"
#include "bgp/update_codec.hpp"

namespace {

using namespace metallb;
using namespace metallb::bgp;

void check_update(const Update& update, ByteView body, const DecodeContext& context) {
  const auto counts = count_update(body, context);
  METALLB_CONTRACT(counts.has_value() && counts->faults == update.faults, "counting sees what keeping sees");
  const auto of = [](const auto& list) { return list ? list->prefixes.size() : 0; };
  METALLB_CONTRACT(counts->announced == update.announced.size() + of(update.mp_reach), "every prefix is counted");
  METALLB_CONTRACT(counts->withdrawn == update.withdrawn.size() + of(update.mp_unreach), "every withdrawal is counted");
}

bool can_be_written(const Message& message, const DecodeContext& context) {
  if (const auto* open = std::get_if<Open>(&message)) {
    const auto& capabilities = open->capabilities;
    return capabilities.families.size() < 200 && capabilities.extended_next_hops.size() < 200 && capabilities.others.empty();
  }
  // Two-octet paths are written with an AS4_PATH of their own.
  if (const auto* update = std::get_if<Update>(&message)) return update->faults.count == 0 && context.four_octet_as;
  return true;
}

}  // namespace

/// The first byte is the context, the rest one message without its header's marker and length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 65000) return 0;
  const DecodeContext context{(data[0] & 1U) != 0, (data[0] & 2U) != 0, (data[0] & 4U) != 0, (data[0] & 8U) != 0};
  (void)decode({data, size}, context);
  Bytes bytes;
  begin_message(static_cast<MessageType>(data[1]), bytes);
  ByteWriter(bytes).bytes({data + 2, size - 2});
  end_message(0, bytes);
  const auto message = decode(bytes, context);
  if (!message) {
    (void)to_string(message.error().notification);
    return 0;
  }
  if (const auto* update = std::get_if<Update>(&*message))
    check_update(*update, ByteView(bytes).subspan(kHeaderSize), context);
  if (const auto* notification = std::get_if<Notification>(&*message)) (void)to_string(*notification);
  if (!can_be_written(*message, context)) return 0;
  auto read_context = context;
  read_context.extended_message = true;
  const auto again = decode(encode(*message), read_context);
  METALLB_CONTRACT(again.has_value() && *again == *message, "a message survives a round trip");
  return 0;
}
