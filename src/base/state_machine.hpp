// The shape of every part that decides something (design section 1): it is told the time, is given inputs, emits
// actions into `out`, and says when it wants to be called next. It owns no socket, timer, thread, clock or randomness.
#pragma once

#include <concepts>

#include "base/time.hpp"

namespace metallb {

template <class Core, class Input, class Output>
concept StateMachine = requires(Core core, const Core& constant, Now now, const Input& in, Output& out) {
  // Bytes, link events, API objects, outcomes of earlier actions: records and queues.
  { core.on_input(now, in, out) } -> std::same_as<void>;
  // Does what is due at `now`, at most one slice of work.
  { core.on_time(now, out) } -> std::same_as<void>;
  // kIdle when there is nothing to wait for; `now` (or earlier) when work is left.
  { constant.next_deadline() } -> std::same_as<SteadyPoint>;
};

}  // namespace metallb
