// Carries out admission::Inject: reads the holder, puts the authority into its bundles, writes it back.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "admission/certificate_keeper.hpp"
#include "io/kube/kube_client.hpp"

namespace metallb::io {

/// `done` runs on the loop, exactly once unless the client is stopped, with true when something was changed. A holder that
/// does not exist is skipped; one that is changed by others meanwhile is read again, a few times.
void inject_authority(KubeClient& client, const admission::Inject& wanted,
                      std::function<void(std::expected<bool, std::string>)> done);

}  // namespace metallb::io
