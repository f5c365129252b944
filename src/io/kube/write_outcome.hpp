// What the API server's answer to a write means.
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "io/kube/kube_client.hpp"
#include "kube/write.hpp"

namespace metallb::io {

/// The body of an answer with a status of 200 to 299, else its classification. The message is the one of the Status object
/// in the body. 409 means kAlreadyExists for a creation (unless the Status says otherwise) and kConflict for the rest.
[[nodiscard]] std::expected<std::string, kube::WriteError> write_outcome(kube::Verb verb,
                                                                         std::expected<KubeResponse, SystemError> answer);

/// "metadata.uid" of an object given as JSON text; empty when there is none.
[[nodiscard]] std::string uid_of(std::string_view object);
[[nodiscard]] std::string uid_of(const boost::json::value& object);

}  // namespace metallb::io
