// The Kubernetes API as its clients know it: objects with versions, a log of changes per kind, writes, outages. Watches on
// it are in watch.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kube/change.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/write.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

/// Hears of changes of one kind as they are made.
class ApiListener {
 public:
  virtual ~ApiListener() = default;
  virtual void changed() = 0;
  virtual void available_again() = 0;
};

class Api {
 public:
  template <class T>
  struct Kind {
    std::map<ObjectKey, std::shared_ptr<const T>> objects;
    std::vector<kube::Change<T>> log;
    std::set<ApiListener*> listeners;
  };

  explicit Api(Timeline& timeline) : timeline_(timeline) {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Creates or replaces, keeping the uid of what is there.
  template <class T>
  void put(T object) {
    auto& kind = of<T>();
    const auto key = object.metadata.key();
    const auto found = kind.objects.find(key);
    object.metadata.uid = found == kind.objects.end() ? "uid-" + std::to_string(++version_) : found->second->metadata.uid;
    object.metadata.resourceVersion = std::to_string(++version_);
    auto stored = std::make_shared<const T>(std::move(object));
    kind.objects[key] = stored;
    kind.log.emplace_back(kube::Upserted<T>{std::move(stored)});
    tell(kind);
  }
  template <class T>
  void remove(const ObjectKey& key) {
    auto& kind = of<T>();
    if (kind.objects.erase(key) == 0) return;
    kind.log.emplace_back(kube::Removed<T>{key});
    tell(kind);
  }
  /// Changes an object that is there.
  template <class T>
  void edit(const ObjectKey& key, const std::function<void(T&)>& change) {
    auto object = *of<T>().objects.at(key);
    change(object);
    put(std::move(object));
  }
  template <class T>
  [[nodiscard]] Kind<T>& of() {
    return std::get<Kind<T>>(kinds_);
  }

  void set_available(bool available);
  [[nodiscard]] bool available() const { return available_; }

  /// A client's write: takes `delay` each way. While the server is away, or goes away before the answer, it fails late.
  void write(kube::Write write, Duration delay, std::function<void(kube::WriteDone)> done);

  /// After every change, for those who look at all of it.
  std::function<void()> on_change;

 private:
  template <class T>
  void tell(Kind<T>& kind) {
    for (auto* listener : kind.listeners) listener->changed();
    if (on_change) on_change();
  }
  kube::WriteDone carry_out(const kube::Write& write);
  template <class T>
  kube::WriteDone carry_out_on(const kube::Write& write);

  Timeline& timeline_;
  std::tuple<Kind<kube::Service>, Kind<kube::EndpointSlice>, Kind<kube::Node>, Kind<kube::Namespace>,
             Kind<kube::IPAddressPool>, Kind<kube::L2Advertisement>, Kind<kube::BGPPeer>, Kind<kube::BGPAdvertisement>,
             Kind<kube::BFDProfile>, Kind<kube::Community>, Kind<kube::Secret>, Kind<kube::ServiceL2Status>>
      kinds_;
  std::uint64_t version_ = 0;
  std::uint64_t generated_ = 0;
  bool available_ = true;
};

}  // namespace metallb::sim
