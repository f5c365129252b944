// What a watch tells a core about one kind. A core keeps the newest object per key (kube/store.hpp) and reconciles keys.
#pragma once

#include <memory>
#include <variant>

#include "base/names.hpp"

namespace metallb::kube {

template <class T>
struct Upserted {
  std::shared_ptr<const T> object;
};
template <class T>
struct Removed {
  ObjectKey key;
};
/// The last page of a (re)list has been delivered: the store now holds the whole picture. Comes again after every relist,
/// preceded by Removed for each object that is no longer there.
template <class T>
struct Listed {};

template <class T>
using Change = std::variant<Upserted<T>, Removed<T>, Listed<T>>;

}  // namespace metallb::kube
