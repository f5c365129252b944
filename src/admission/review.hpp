// AdmissionReview: what the API server asks a validating webhook, and the answer.
//
// admission.k8s.io/v1, and v1beta1, which has the same fields here; the answer comes in the version of the question.
// Kubernetes, "Dynamic Admission Control", sections "Request" and "Response"; controller spec 6.3.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"

namespace metallb::admission {

enum class Operation : std::uint8_t {
  kCreate,
  kUpdate,
  kDelete,
  kOther,  ///< CONNECT, or one that is yet to be invented
};

struct Review {
  std::string api_version;
  std::string uid;  ///< of the question, not of the object
  Operation operation = Operation::kOther;
  ObjectKey key;              ///< of the object
  boost::json::value object;  ///< as it is to become; null in case of kDelete
  boost::json::value before;  ///< as it is; null in case of kCreate, and where the server does not send it
};

struct Verdict {
  bool allowed = true;
  int code = 200;  ///< 403: refused; 400: not understood; 500: could not be judged
  std::string message;
  std::vector<std::string> warnings;  ///< shown to the user by kubectl, whether allowed or not
};

[[nodiscard]] Verdict refused(std::string message);
[[nodiscard]] Verdict not_understood(std::string message);
[[nodiscard]] Verdict not_judged(std::string message);

/// The error is for the log and for the answer.
[[nodiscard]] std::expected<Review, std::string> decode_review(std::string_view text);
[[nodiscard]] std::string encode_answer(const Review& review, const Verdict& verdict);
/// To what is no AdmissionReview: an answer without version and uid, as the original gives (operations spec 1.10).
[[nodiscard]] std::string encode_answer(const Verdict& verdict);

}  // namespace metallb::admission
