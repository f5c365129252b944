// Several speakers see the same random history, each in its own interleaving of the watches: in the end they must agree, and
// with a speaker that has only seen the end.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <functional>
#include <iterator>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::advertisement;
using test::kExclude;
using test::node;
using test::pool;
using test::service;
using test::SpeakerUnderTest;
using test::with_network;

const std::vector<std::string> kNodes = {"n1", "n2", "n3", "n4"};

/// One change of the cluster. Changes of one kind keep their order; kinds overtake each other.
struct Step {
  std::string kind;
  std::function<void(SpeakerUnderTest&)> happen;
};

Step random_step() {
  const auto some_node = *rc::gen::elementOf(kNodes);
  switch (*rc::gen::inRange(0, 7)) {
    case 0: {
      auto changed = node(some_node);
      if (*rc::gen::weightedElement<bool>({{1, true}, {2, false}})) changed.metadata.labels[kExclude] = "";
      if (*rc::gen::weightedElement<bool>({{1, true}, {2, false}})) changed = with_network(changed, "True");
      if (*rc::gen::arbitrary<bool>()) changed.metadata.labels["edge"] = "yes";
      return {"node", [changed](auto& speaker) { speaker.put(changed); }};
    }
    case 1:
      return {"node", [some_node](auto& speaker) { speaker.template remove<kube::Node>({"", some_node}); }};
    case 2: {
      auto changed = service({*rc::gen::element<std::string>("10.20.30.1", "10.20.30.2", "172.16.0.1", "10.20.30.3")});
      changed.spec.type = *rc::gen::weightedElement<std::string>({{5, "LoadBalancer"}, {1, "ClusterIP"}});
      changed.spec.externalTrafficPolicy = *rc::gen::element<std::string>("Local", "Cluster");
      return {"service", [changed](auto& speaker) { speaker.put(changed); }};
    }
    case 3: {
      std::string endpoints;
      for (const auto& name : kNodes) endpoints += name + *rc::gen::element<std::string>("+", "+", "-", "~") + " ";
      return {"slice", [endpoints](auto& speaker) { speaker.put_slices(endpoints); }};
    }
    case 4: {
      auto changed = advertisement(*rc::gen::element<std::string>("l2", "other"));
      if (*rc::gen::arbitrary<bool>()) {
        changed.spec.nodeSelectors = {{.matchLabels = {{"edge", "yes"}}, .matchExpressions = {}}};
      }
      if (*rc::gen::arbitrary<bool>()) {
        changed.spec.preferredNodeSelectors = {{50, {.matchLabels = {{"edge", "yes"}}, .matchExpressions = {}}}};
      }
      return {"advertisement", [changed](auto& speaker) { speaker.put(changed); }};
    }
    case 5: {
      std::set<std::string> members;
      for (const auto& name : kNodes) {
        if (*rc::gen::weightedElement<bool>({{3, true}, {1, false}})) members.insert(name);
      }
      return {"members", [members](auto& speaker) { speaker.give(MembersChanged{members}); }};
    }
    default:
      return {"advertisement",
              [](auto& speaker) { speaker.template remove<kube::L2Advertisement>({"metallb-system", "other"}); }};
  }
}

void begin(SpeakerUnderTest& speaker) {
  for (const auto& name : kNodes) speaker.put(node(name));
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  speaker.put(advertisement());
  speaker.put(service({"10.20.30.1"}));
  speaker.put_slices("n1+ n2+ n3+ n4+");
  speaker.listed_all();
}

/// What the packets thread holds after all commands.
std::set<std::string> table_of(const SpeakerUnderTest& speaker) {
  std::set<std::string> table;
  for (const auto& command : speaker.asked_for<layer2::Command>()) {
    if (const auto* announce = std::get_if<layer2::Announce>(&command)) table.insert(announce->address.to_string());
    if (const auto* withdraw = std::get_if<layer2::Withdraw>(&command)) table.erase(withdraw->address.to_string());
  }
  return table;
}

RC_GTEST_PROP(ClusterProperties, SpeakersAgreeInTheEndWhateverTheOrderOfTheirWatches, ()) {
  std::vector<Step> history;
  const auto length = *rc::gen::inRange(0, 25);
  for (int i = 0; i < length; ++i) history.push_back(random_step());

  std::size_t announcers = 0;
  bool somebody_may = false;
  for (const auto& name : kNodes) {
    SpeakerUnderTest lived(name);
    begin(lived);
    lived.settle();
    std::map<std::string, std::deque<Step>> watches;
    for (const auto& step : history) watches[step.kind].push_back(step);
    while (!watches.empty()) {
      auto next = std::next(watches.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(watches)));
      next->second.front().happen(lived);
      next->second.pop_front();
      if (next->second.empty()) watches.erase(next);
      if (*rc::gen::arbitrary<bool>()) lived.settle();
    }
    lived.settle();

    SpeakerUnderTest fresh(name);
    begin(fresh);
    for (const auto& step : history) step.happen(fresh);
    fresh.settle();

    const auto* decision = lived.instance.decisions().find({"default", "web"});
    somebody_may |= decision != nullptr && decision->candidates > 0;
    announcers += lived.instance.announced().size();
    RC_ASSERT(table_of(lived).size() == lived.instance.announced().size());
    // An address without a pool is kept by who announced it: the one thing that depends on the past.
    if (lived.reason() != "ipNotAllowed") RC_ASSERT(lived.instance.announced() == fresh.instance.announced());
    RC_ASSERT(lived.reason() == fresh.reason());
  }
  RC_TAG(somebody_may ? "somebody" : "nobody");
  RC_ASSERT(announcers <= 1U);
  if (somebody_may) RC_ASSERT(announcers == 1U);
}

}  // namespace
}  // namespace metallb::speaker
