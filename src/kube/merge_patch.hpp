// RFC 7386, JSON Merge Patch.
#pragma once

#include <boost/json/fwd.hpp>

namespace metallb::kube {

/// Changes `target` as `patch` says: objects merge member by member, null removes a member, anything else replaces.
void apply_merge_patch(boost::json::value& target, const boost::json::value& patch);

}  // namespace metallb::kube
