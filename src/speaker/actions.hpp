// What the speaker asks of the world.
#pragma once

#include <variant>
#include <vector>

#include "kube/write.hpp"
#include "layer2/commands.hpp"

namespace metallb::speaker {

using Action = std::variant<layer2::Command, kube::Write, kube::EventNote>;
using Output = std::vector<Action>;

}  // namespace metallb::speaker
