// BGPPeer of metallb.io/v1beta1 to v1beta2 and back, on JSON (controller spec 1.5 and 6.5).
//
// v1beta2 is what is stored. Whatever both versions have is copied as it is written; metadata and status stay as they are.
// What v1beta1 has no field for travels in the annotation kFieldsAnnotation of the v1beta1 object, so that who reads and
// writes through v1beta1 does not erase it; the v1beta2 object never carries it. Fields that neither version knows are
// dropped, as the API server's own pruning does.
#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace metallb::admission {

inline constexpr std::string_view kPeerV1beta1 = "metallb.io/v1beta1";
inline constexpr std::string_view kPeerV1beta2 = "metallb.io/v1beta2";
/// A JSON object of the v1beta2 fields that v1beta1 lacks.
inline constexpr std::string_view kFieldsAnnotation = "metallb.io/v1beta2-fields";

/// `peer` in version `wanted`; in that version already: unchanged. The error names object, field and what was expected.
[[nodiscard]] std::expected<boost::json::value, std::string> convert_peer(const boost::json::value& peer,
                                                                          std::string_view wanted);

}  // namespace metallb::admission
