// The part of Kubernetes' JSONPath that printer columns use: members, quoted members, indices, "[*]" and filters that
// compare one member with one value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/json_access.hpp"

namespace metallb::apiserver {

class JsonPath {
 public:
  /// ".spec.ports[0].name", ".status.conditions[?(@.type=='Ready')].status", ".metadata.labels.app\.kubernetes\.io/name".
  /// Nothing when it is no path of this kind; it starts with a member.
  [[nodiscard]] static std::optional<JsonPath> parse(std::string_view text);

  /// The first value that the path leads to, or null.
  [[nodiscard]] const json::value* first(const json::object& root) const;

 private:
  struct Step {
    enum class Type : std::uint8_t { kMember, kIndex, kEvery, kFilter };
    Type type = Type::kMember;
    std::string name{};      ///< of the member, or of the one that the filter compares
    std::int64_t index = 0;  ///< below 0: from the end
    std::string value{};     ///< that the filter compares with, as text
    bool equal = true;
  };
  [[nodiscard]] const json::value* walk(const json::value& value, std::size_t step) const;
  [[nodiscard]] static bool passes(const Step& filter, const json::value& value);
  static bool parse_brackets(std::string_view inside, Step& out);

  std::vector<Step> steps_;
};

}  // namespace metallb::apiserver
