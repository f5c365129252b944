#include "config/advisor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/alike.hpp"
#include "config/build.hpp"
#include "kube/event_note.hpp"
#include "kube/resource.hpp"

namespace metallb::config {
namespace {

constexpr const char* kNoEffect = "NoEffect";

/// The objects of the namespace that count.
template <class T>
Objects<T> counting(const kube::Store<T>& store, const std::string& namespace_) {
  Objects<T> out;
  for (const auto& [key, object] : store.objects()) {
    if (key.namespace_ == namespace_) out.push_back(object);
  }
  return out;
}

}  // namespace

void Advisor::on_input(Now /*now*/, const Input& in, Output& /*out*/) {
  std::visit([this](const auto& input) { take(input); }, in);
}

template <class T>
void Advisor::take(const kube::Change<T>& change) {
  auto& kind = std::get<Store<T>>(stores_);
  const bool listed = kind.listed();
  const auto before = kind.apply(change);
  if (const auto* upserted = std::get_if<kube::Upserted<T>>(&change)) {
    const auto& after = *upserted->object;
    // The counters of a pool change often, and have no say in this.
    dirty_ |= !before || before->metadata.uid != after.metadata.uid || !alike(*before, after);
  } else {
    dirty_ |= before != nullptr || !listed;
  }
}

void Advisor::take(const Mandate& mandate) {
  if (std::exchange(mandate_, mandate.held) == mandate.held) return;
  standing_.clear();
  said_ = {};
  due_ = kIdle;
  dirty_ = true;
}

SteadyPoint Advisor::next_deadline() const {
  if (!mandate_) return kIdle;
  return dirty_ ? std::min(not_before_, due_) : due_;
}

void Advisor::on_time(Now now, Output& out) {
  if (next_deadline() > now.steady) return;
  // Also when only a sentence is due: it must still be true.
  if (std::exchange(dirty_, false)) look(now.steady);
  tell(now.steady, out);
}

std::map<Advisor::Key, kube::EventNote> Advisor::sentences() const {
  std::map<Key, kube::EventNote> out;
  const auto say = [&](const auto& object, const std::string& text) {
    using T = std::remove_cvref_t<decltype(object)>;
    const auto& metadata = object.metadata;
    Key key{metadata.namespace_ != options_.namespace_, std::string(kube::resource_of<T>().kind), metadata.key(),
            metadata.uid, text};
    out.emplace(std::move(key), kube::event_note(object, kube::EventNote::Type::kWarning, kNoEffect, text));
  };
  const auto say_all = [&](const auto& object, const Advice::Texts& texts) {
    for (const auto& text : texts) say(object, text);
  };

  Resources resources;
  resources.pools = counting(store<kube::IPAddressPool>(), options_.namespace_);
  resources.l2_advertisements = counting(store<kube::L2Advertisement>(), options_.namespace_);
  resources.bgp_advertisements = counting(store<kube::BGPAdvertisement>(), options_.namespace_);
  resources.bgp_peers = counting(store<kube::BGPPeer>(), options_.namespace_);
  const Advice advice(resources);
  if (store<kube::IPAddressPool>().listed()) {
    for (const auto& object : resources.l2_advertisements) say_all(*object, advice.on_pools_of(object->spec));
    for (const auto& object : resources.bgp_advertisements) say_all(*object, advice.on_pools_of(object->spec));
  }
  if (store<kube::BGPPeer>().listed()) {
    for (const auto& object : resources.bgp_advertisements) say_all(*object, advice.on_peers_of(object->spec));
  }
  if (store<kube::L2Advertisement>().listed() && store<kube::BGPAdvertisement>().listed()) {
    // Of one that is wrong nothing is assigned as it stands, which is told as an error.
    Resources pools_alone;
    pools_alone.pools = resources.pools;
    const auto valid = build(pools_alone).config.pools;
    for (const auto& object : resources.pools) {
      if (!valid.contains(object->metadata.name)) continue;
      say_all(*object, advice.on_pool(*object));
      say_all(*object, advice_on_fields(object->spec));
    }
  }
  const auto elsewhere = [&](const auto& kind) {
    for (const auto& [key, object] : kind.objects()) {
      if (key.namespace_ != options_.namespace_) say(*object, "it " + advice_elsewhere(options_.namespace_));
    }
  };
  std::apply([&](const auto&... kinds) { (elsewhere(kinds), ...); }, stores_);
  return out;
}

void Advisor::look(SteadyPoint now) {
  not_before_ = now + kPause;
  auto found = sentences();
  more_ = found.size() > kMost;
  if (more_) found.erase(std::next(found.begin(), kMost), found.end());
  std::erase_if(standing_, [&](const auto& standing) { return !found.contains(standing.first); });
  for (auto& [key, note] : found) {
    standing_.try_emplace(key, Standing{.note = std::move(note), .since = now, .told = false});
  }
}

void Advisor::tell(SteadyPoint now, Output& out) {
  Warnings warnings;
  due_ = kIdle;
  for (auto& [key, standing] : standing_) {
    const auto& [elsewhere, kind, object, uid, text] = key;
    if (standing.since + kPatience > now) {
      due_ = std::min(due_, standing.since + kPatience);
      continue;
    }
    auto name = kind + " " + object.to_string();
    if (!std::exchange(standing.told, true)) {
      log_.warn({{"op", "advise"}, {"object", name}, {"warning", text}, {"msg", "an object may not do what is meant"}});
      out.emplace_back(std::move(standing.note));
    }
    warnings.texts.push_back(std::move(name) + ": " + text);
  }
  if (more_ && !warnings.texts.empty()) warnings.texts.emplace_back("and more of the kind");
  if (warnings == said_) return;
  said_ = warnings;
  out.emplace_back(std::move(warnings));
}

}  // namespace metallb::config
