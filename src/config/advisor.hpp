// Tells whoever looks at the objects what admission told whoever wrote them, as long as it stands (advice.hpp): a pool that
// nobody announces, an advertisement whose pools or peers do not exist, an object in a namespace where nobody looks.
//
// In:   the custom resources, of all namespaces as far as they are seen (kube::Change each); who is to tell (Mandate).
// Out:  a Warning event on the object for each sentence, and all that stand, for the ConfigurationState.
// Thread: main.
//
// What must hold:
//   - Nothing is said before the lists are complete that it rests on, nor before it has stood for kPatience: of objects that
//     are applied together, in whatever order, each finds the others.
//   - Said once for an object and a sentence; again only if it was no longer so in between, or by another replica that comes
//     to lead.
//   - A list that never comes, because it is refused, costs the sentences that need it and no others.
//   - At most kMost sentences stand at a time, however many there could be; those of MetalLB's namespace come first.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "config/advice.hpp"
#include "config/state_report.hpp"
#include "kube/change.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/store.hpp"
#include "kube/write.hpp"

namespace metallb::config {

class Advisor {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(10);
  /// Between two looks at all objects, while they change.
  static constexpr Duration kPause = std::chrono::seconds(1);
  static constexpr std::size_t kMost = 200;

  using Input = std::variant<kube::Change<kube::IPAddressPool>, kube::Change<kube::L2Advertisement>,
                             kube::Change<kube::BGPAdvertisement>, kube::Change<kube::BGPPeer>,
                             kube::Change<kube::BFDProfile>, kube::Change<kube::Community>, Mandate>;
  using Action = std::variant<kube::EventNote, Warnings>;
  using Output = std::vector<Action>;

  struct Options {
    std::string namespace_;  ///< MetalLB's: objects elsewhere do not count
    bool mandate = true;     ///< from the start; else it waits for Mandate
  };
  Advisor(Options options, Log log) : options_(std::move(options)), mandate_(options_.mandate), log_(log) {}

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  template <class T>
  using Store = kube::Store<T>;
  /// Whether it is about another namespace, kind, object, its uid, and the sentence.
  using Key = std::tuple<bool, std::string, ObjectKey, std::string, std::string>;
  struct Standing {
    kube::EventNote note;
    SteadyPoint since{};
    bool told = false;
  };

  template <class T>
  void take(const kube::Change<T>& change);
  void take(const Mandate& mandate);

  template <class T>
  [[nodiscard]] const Store<T>& store() const {
    return std::get<Store<T>>(stores_);
  }
  /// What could be said about the objects as they are.
  [[nodiscard]] std::map<Key, kube::EventNote> sentences() const;
  /// Sees which sentences are new, and which are no longer so.
  void look(SteadyPoint now);
  void tell(SteadyPoint now, Output& out);

  Options options_;
  bool mandate_;
  Log log_;
  std::tuple<Store<kube::IPAddressPool>, Store<kube::L2Advertisement>, Store<kube::BGPAdvertisement>, Store<kube::BGPPeer>,
             Store<kube::BFDProfile>, Store<kube::Community>>
      stores_;
  std::map<Key, Standing> standing_;
  bool more_ = false;   ///< than kMost
  Warnings said_;       ///< the last ones that were emitted
  bool dirty_ = false;  ///< objects have changed since the last look
  SteadyPoint not_before_ = SteadyPoint::min();
  SteadyPoint due_ = kIdle;  ///< of the next sentence that has stood long enough
};

static_assert(StateMachine<Advisor, Advisor::Input, Advisor::Output>);

}  // namespace metallb::config
