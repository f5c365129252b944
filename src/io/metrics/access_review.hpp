// The two questions to the API server behind a metrics request (operations spec 2.9): whose token is it (TokenReview), and
// may that user read this path (SubjectAccessReview)? Texts in and out; nothing is sent here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace metallb::io {

/// Who a token stands for. The whole is kept as the API server's JSON, since it is only handed back to it.
struct ReviewedUser {
  std::string name;
  std::string spec;  ///< user, uid, groups and extra as members of a SubjectAccessReview's spec, without braces

  friend bool operator==(const ReviewedUser&, const ReviewedUser&) = default;
};

[[nodiscard]] std::string token_review_request(std::string_view token);
struct TokenVerdict {
  /// Not set: the token is nobody's, is not valid, or has expired.
  std::optional<ReviewedUser> user;
};
/// Nothing when the text is no TokenReview.
[[nodiscard]] std::optional<TokenVerdict> read_token_review(std::string_view body);

/// `verb` is the lower-cased HTTP method.
[[nodiscard]] std::string access_review_request(const ReviewedUser& user, std::string_view verb, std::string_view path);
/// Whether access is granted. Nothing when the text is no SubjectAccessReview.
[[nodiscard]] std::optional<bool> read_access_review(std::string_view body);

}  // namespace metallb::io
