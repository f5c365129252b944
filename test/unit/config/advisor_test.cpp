// What the user is told of objects that may not do what is meant, and that the original leaves the user to find out.
#include "config/advisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

using Inputs = std::vector<Advisor::Input>;

template <class T>
Advisor::Input there(const std::shared_ptr<T>& object) {
  return kube::Change<T>(kube::Upserted<T>{object});
}
template <class T>
Advisor::Input gone(const std::shared_ptr<T>& object) {
  return kube::Change<T>(kube::Removed<T>{object->metadata.key()});
}
template <class T>
Advisor::Input listed() {
  return kube::Change<T>(kube::Listed<T>{});
}
Inputs all_listed() {
  return {listed<kube::IPAddressPool>(), listed<kube::L2Advertisement>(), listed<kube::BGPAdvertisement>(),
          listed<kube::BGPPeer>(),       listed<kube::BFDProfile>(),      listed<kube::Community>()};
}
template <class T>
Advisor::Input elsewhere(std::shared_ptr<T> object) {
  object->metadata.namespace_ = "default";
  return there(object);
}
/// Pools of different names do not overlap.
auto some_pool(const std::string& name = "p", kube::StringMap labels = {}) {
  static std::map<std::string, std::size_t> numbers;
  const auto number = numbers.emplace(name, numbers.size()).first->second;
  auto out = pool(name, {"10." + std::to_string(number / 256) + "." + std::to_string(number % 256) + ".0/24"});
  out->metadata.labels = std::move(labels);
  return out;
}

class Advising : public testing::Test {
 protected:
  explicit Advising(bool mandate = true) : advisor({.namespace_ = "metallb-system", .mandate = mandate}, Log{}) {}

  void give(const Inputs& inputs) {
    for (const auto& input : inputs) {
      Advisor::Output out;
      advisor.on_input(now, input, out);
      collect(out);
    }
  }
  /// Lets the time pass, with a call whenever one is asked for.
  void pass(Duration duration) {
    const auto end = now.steady + duration;
    for (int calls = 0; advisor.next_deadline() <= end; ++calls) {
      ASSERT_LT(calls, 1000) << "it spins";
      now.steady = std::max(now.steady, advisor.next_deadline());
      Advisor::Output out;
      advisor.on_time(now, out);
      collect(out);
    }
    now.steady = end;
  }
  void collect(const Advisor::Output& out) {
    for (const auto& action : out) {
      if (const auto* note = std::get_if<kube::EventNote>(&action)) {
        EXPECT_EQ(note->reason, "NoEffect");
        EXPECT_EQ(note->type, kube::EventNote::Type::kWarning);
        told.push_back(note->about.kind + " " + note->about.namespace_ + "/" + note->about.name + ": " + note->message);
      } else {
        standing = std::get<Warnings>(action).texts;
      }
    }
  }
  std::vector<std::string> take_told() { return std::exchange(told, {}); }
  void start_anew() { advisor = Advisor({.namespace_ = "metallb-system", .mandate = true}, Log{}); }

  Advisor advisor;
  Now now{SteadyPoint(1h), {}};
  std::vector<std::string> told;
  std::vector<std::string> standing;
};

struct Row {
  const char* what;
  Inputs objects;
  std::vector<std::string> told;  ///< beginnings
};

const std::string kOurs = " metallb-system/";

std::vector<Row> rows() {
  const auto unannounced = "IPAddressPool" + kOurs + "p: no L2Advertisement or BGPAdvertisement includes";
  const auto no_pools = kOurs + "a: there is no IPAddressPool (yet)";
  const std::string foreign =
      " default/a: it has no effect, since only those in metallb-system are looked at: create it there";
  kube::LabelSelector senseless = expression("a", "Near");
  return {
      {"nothing", {}, {}},
      {"a pool alone", {there(some_pool())}, {unannounced}},
      {"a wrong pool is an error", {there(pool("p", {"hello"}))}, {}},
      {"of two that overlap one is", {there(pool("p", {"10.0.0.0/8"})), there(pool("q", {"10.0.0.0/8"}))}, {unannounced}},
      {"addresses that nobody can reach",
       {there(pool("p", {"127.0.0.0/30", "10.0.0.1-10.0.0.2", "223.255.255.255-224.0.0.1", "fe80::/64", "100::/64"})),
        there(advertisement("a"))},
       {"IPAddressPool" + kOurs + R"(p: spec.addresses[0]: "127.0.0.0/30" has loopback addresses (127.0.0.0/8))",
        "IPAddressPool" + kOurs + R"(p: spec.addresses[2]: "223.255.255.255-224.0.0.1" has multicast addresses)",
        "IPAddressPool" + kOurs + R"(p: spec.addresses[3]: "fe80::/64" has link-local addresses)"}},
      {"very many of them",
       {there(pool("p", {"127.0.0.0/30", "127.1.0.0/30", "127.2.0.0/30", "127.3.0.0/30", "127.4.0.0/30", "127.5.0.0/30",
                         "127.6.0.0/30"})),
        there(advertisement("a"))},
       {"IPAddressPool" + kOurs + "p: spec.addresses: the same is true of 2 more",
        "IPAddressPool" + kOurs + "p: spec.addresses[0]", "IPAddressPool" + kOurs + "p: spec.addresses[1]",
        "IPAddressPool" + kOurs + "p: spec.addresses[2]", "IPAddressPool" + kOurs + "p: spec.addresses[3]",
        "IPAddressPool" + kOurs + "p: spec.addresses[4]"}},
      {"announced to all", {there(some_pool()), there(advertisement("a"))}, {}},
      {"announced by BGP", {there(some_pool()), there(bgp_advertisement("a")), there(peer("r"))}, {}},
      {"by name", {there(some_pool()), there(advertisement("a", {.ipAddressPools = {"p"}}))}, {}},
      {"by label",
       {there(some_pool("p", {{"k", "v"}})), there(advertisement("a", {.ipAddressPoolSelectors = {labels({{"k", "v"}})}}))},
       {}},
      {"another name",
       {there(some_pool()), there(advertisement("a", {.ipAddressPools = {"q"}}))},
       {unannounced, "L2Advertisement" + kOurs + R"(a: spec.ipAddressPools[0]: there is no IPAddressPool "q" (yet))"}},
      {"another label",
       {there(some_pool("p", {{"k", "w"}})), there(advertisement("a", {.ipAddressPoolSelectors = {labels({{"k", "v"}})}}))},
       {unannounced, "L2Advertisement" + kOurs + "a: spec.ipAddressPoolSelectors: no IPAddressPool has such labels"}},
      // What it is about is not known, so it may well be this pool; the error is the speakers' to tell.
      {"senseless selector", {there(some_pool()), there(advertisement("a", {.ipAddressPoolSelectors = {senseless}}))}, {}},
      {"no pools", {there(advertisement("a"))}, {"L2Advertisement" + no_pools}},
      {"no pools, no peers",
       {there(bgp_advertisement("a"))},
       {"BGPAdvertisement" + kOurs + "a: there is no BGPPeer (yet)", "BGPAdvertisement" + no_pools}},
      {"one peer of two",
       {there(some_pool()), there(bgp_advertisement("a", {.peers = {"r", "s"}})), there(peer("r"))},
       {"BGPAdvertisement" + kOurs + R"(a: spec.peers[1]: there is no BGPPeer "s" (yet))"}},
      {"a pool elsewhere", {elsewhere(some_pool("a"))}, {"IPAddressPool" + foreign}},
      {"an L2Advertisement elsewhere announces no pool of ours",
       {there(some_pool()), elsewhere(advertisement("a"))},
       {unannounced, "L2Advertisement" + foreign}},
      {"a pool elsewhere is nobody's",
       {elsewhere(some_pool("a")), there(advertisement("l", {.ipAddressPools = {"a"}})), there(some_pool("b"))},
       {"IPAddressPool" + kOurs + "b: no L2Advertisement",
        "L2Advertisement" + kOurs + R"(l: spec.ipAddressPools[0]: there is no IPAddressPool "a")",
        "IPAddressPool" + foreign}},
      {"a BGPAdvertisement elsewhere", {elsewhere(bgp_advertisement("a"))}, {"BGPAdvertisement" + foreign}},
      {"a BGPPeer elsewhere", {elsewhere(peer("a"))}, {"BGPPeer" + foreign}},
      {"a BFDProfile elsewhere", {elsewhere(profile("a"))}, {"BFDProfile" + foreign}},
      {"a Community elsewhere", {elsewhere(community("a", {}))}, {"Community" + foreign}},
  };
}

void expect_told(const std::vector<std::string>& told, const std::vector<std::string>& beginnings) {
  ASSERT_EQ(told.size(), beginnings.size()) << testing::PrintToString(told);
  for (std::size_t i = 0; i < told.size(); ++i) EXPECT_THAT(told[i], StartsWith(beginnings[i]));
}

class AdvisingAbout : public Advising, public testing::WithParamInterface<std::size_t> {};

TEST_P(AdvisingAbout, WhatHasNoEffectIsToldOnceWhenItHasStoodForTenSeconds) {
  const auto row = rows()[GetParam()];
  SCOPED_TRACE(row.what);
  give(all_listed());
  give(row.objects);
  pass(9'999ms);
  EXPECT_THAT(told, IsEmpty());
  pass(1ms);
  expect_told(take_told(), row.told);
  expect_told(standing, row.told);
  // Nor does a relist, or a watch that repeats itself, make it news.
  give(row.objects);
  give(all_listed());
  pass(1h);
  EXPECT_THAT(told, IsEmpty());
  expect_told(standing, row.told);
}

TEST_P(AdvisingAbout, TheOrderOfWhatComesDoesNotMatter) {
  auto row = rows()[GetParam()];
  SCOPED_TRACE(row.what);
  std::sort(row.told.begin(), row.told.end());
  auto inputs = row.objects;
  for (const auto& list : all_listed()) inputs.push_back(list);
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::shuffle(inputs.begin(), inputs.end(), std::minstd_rand(seed + 1));
    start_anew();
    for (const auto& input : inputs) {
      give({input});
      pass(9'000'000us / static_cast<int>(inputs.size()));
    }
    EXPECT_THAT(told, IsEmpty()) << "of what is applied together each finds the others";
    pass(11s);
    std::sort(told.begin(), told.end());
    expect_told(take_told(), row.told);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, AdvisingAbout, testing::Range<std::size_t>(0, rows().size()));

TEST_F(Advising, ASentenceThatRestsOnAListThatNeverComesIsNotSaidAndTheOthersAre) {
  const Inputs objects = {there(some_pool()), there(bgp_advertisement("a", {.ipAddressPools = {"q"}, .peers = {"s"}})),
                          elsewhere(profile("f"))};
  const auto no_effect = StartsWith("BFDProfile default/f: it has no effect");
  const auto no_pool = StartsWith("BGPAdvertisement metallb-system/a: spec.ipAddressPools[0]");
  const auto no_peer = StartsWith("BGPAdvertisement metallb-system/a: there is no BGPPeer");
  const auto unannounced = StartsWith("IPAddressPool metallb-system/p: no L2Advertisement");
  const auto told_without = [&](std::size_t missing) {
    start_anew();
    auto lists = all_listed();
    lists.erase(lists.begin() + static_cast<std::ptrdiff_t>(missing));
    give(objects);
    give(lists);
    pass(1h);
    return take_told();
  };
  EXPECT_THAT(told_without(0), ElementsAre(no_peer, unannounced, no_effect)) << "pools";
  EXPECT_THAT(told_without(1), ElementsAre(no_pool, no_peer, no_effect)) << "L2Advertisements";
  EXPECT_THAT(told_without(2), ElementsAre(no_pool, no_peer, no_effect)) << "BGPAdvertisements";
  EXPECT_THAT(told_without(3), ElementsAre(no_pool, unannounced, no_effect)) << "BGPPeers";
}

TEST_F(Advising, WhatWasPutRightIsNoLongerWarnedOfAndIsNewsWhenItComesBack) {
  give(all_listed());
  give({there(some_pool())});
  pass(11s);
  EXPECT_THAT(take_told(), SizeIs(1));
  const auto all = advertisement("all");
  give({there(all)});
  pass(1s);
  EXPECT_THAT(standing, IsEmpty());
  give({gone(all)});
  pass(9s);
  EXPECT_THAT(told, IsEmpty()) << "it may be replaced";
  pass(3s);
  EXPECT_THAT(take_told(), SizeIs(1));
  EXPECT_THAT(standing, SizeIs(1));
}

TEST_F(Advising, WhatComesRightWithinTenSecondsWasNeverWrong) {
  give(all_listed());
  const auto all = advertisement("all");
  give({there(some_pool()), there(all)});
  for (int i = 0; i < 10; ++i) {
    give({gone(all)});
    pass(9s);
    give({there(all)});
    pass(2s);
  }
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Advising, WhatComesRightAtTheLastMomentIsNotTold) {
  give(all_listed());
  give({there(some_pool())});
  pass(9'999ms);
  give({there(community("c", {}))});  // the next look at everything may wait for a second
  pass(1us);
  give({there(advertisement("all"))});
  pass(1h);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(Advising, AnObjectThatWasMadeAnewIsAnotherOneAndCountersAreNoChange) {
  give(all_listed());
  auto first = some_pool();
  first->metadata.uid = "1";
  give({there(first)});
  pass(11s);
  EXPECT_THAT(take_told(), SizeIs(1));
  auto counted = std::make_shared<kube::IPAddressPool>(*first);
  counted->status.assignedIPv4 = 7;
  give({there(counted)});
  EXPECT_EQ(advisor.next_deadline(), kIdle);
  auto second = some_pool();
  second->metadata.uid = "2";
  give({there(second)});
  pass(11s);
  EXPECT_THAT(take_told(), SizeIs(1));
}

class WaitingToLead : public Advising {
 protected:
  WaitingToLead() : Advising(false) {}
};

TEST_F(WaitingToLead, OfSeveralReplicasOnlyTheLeaderTellsAndEachLeaderAnew) {
  give(all_listed());
  give({there(some_pool())});
  EXPECT_EQ(advisor.next_deadline(), kIdle);
  pass(1h);
  EXPECT_THAT(told, IsEmpty());
  for (int i = 0; i < 2; ++i) {
    give({Mandate{true}});
    pass(9s);
    EXPECT_THAT(told, IsEmpty()) << "its watches may be behind";
    give({Mandate{true}});
    pass(1s);
    EXPECT_THAT(take_told(), SizeIs(1));
    EXPECT_THAT(std::exchange(standing, {}), SizeIs(1));
    give({Mandate{false}, there(some_pool("q"))});
    pass(1h);
    EXPECT_THAT(told, IsEmpty());
    EXPECT_THAT(standing, IsEmpty());
    give({gone(some_pool("q"))});
  }
}

TEST_F(Advising, HoweverMuchIsWrongTheTellingAndTheLookingAreBounded) {
  give(all_listed());
  // What is elsewhere, perhaps on purpose, does not crowd out the rest.
  for (int i = 0; i < 300; ++i) give({elsewhere(profile("f" + std::to_string(i)))});
  pass(1min);
  EXPECT_THAT(take_told(), SizeIs(Advisor::kMost));
  for (int i = 0; i < 1000; ++i) {
    give({there(some_pool("p" + std::to_string(i)))});
    if (i > 0) {
      EXPECT_EQ(advisor.next_deadline() - now.steady, Advisor::kPause - i * 1us);
    }
    pass(1us);
  }
  pass(1min);
  EXPECT_THAT(told, SizeIs(Advisor::kMost));
  EXPECT_THAT(standing, SizeIs(Advisor::kMost + 1));
  EXPECT_EQ(standing.back(), "and more of the kind");

  take_told();
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("q" + std::to_string(i));
  start_anew();
  give(all_listed());
  give({there(some_pool()), there(advertisement("all")), there(advertisement("a", {.ipAddressPools = names}))});
  pass(1min);
  EXPECT_THAT(told, SizeIs(6)) << "the pattern is plain";
  EXPECT_THAT(told.front(), testing::HasSubstr("for 995 more of the names"));
}

}  // namespace
}  // namespace metallb::config
