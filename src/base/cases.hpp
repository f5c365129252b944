// std::visit with one lambda per alternative.
#pragma once

namespace metallb {

template <class... F>
struct Cases : F... {
  using F::operator()...;
};

}  // namespace metallb
