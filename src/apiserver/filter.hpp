// Label and field selectors of lists and watches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/error.hpp"
#include "apiserver/route.hpp"
#include "kube/selector.hpp"

namespace metallb::apiserver {

class Filter {
 public:
  /// From labelSelector and fieldSelector. 400 for text that does not parse and for fields that this kind has no selector
  /// for.
  [[nodiscard]] static Result<Filter> from(const Kind& kind, const Query& query);

  [[nodiscard]] bool matches(const json::object& object) const;

 private:
  struct Field {
    std::string path;
    std::string value;
    bool equal = true;
  };
  kube::Selector labels_;
  std::vector<Field> fields_;
};

}  // namespace metallb::apiserver
