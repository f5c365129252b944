#include "kube/merge_patch.hpp"

#include <boost/json/value.hpp>

namespace metallb::kube {

// RFC 7386, Section 2. The depth of the recursion is bounded by the parser's.
void apply_merge_patch(boost::json::value& target, const boost::json::value& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  auto& object = target.is_object() ? target.get_object() : target.emplace_object();
  for (const auto& member : patch.get_object()) {
    if (!member.value().is_null()) {
      // A new member starts as null, so that nulls deep inside a new object vanish, too.
      apply_merge_patch(object[member.key()], member.value());
    } else if (auto* const found = object.find(member.key()); found != object.end()) {
      object.stable_erase(found);  // keeps the order that a reader of the YAML knows
    }
  }
}

}  // namespace metallb::kube
