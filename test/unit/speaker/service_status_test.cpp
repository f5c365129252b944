// ServiceL2Status objects: layer2 spec 4.1, and section 6, rows 103-107, against a small API server played by the test.
#include "speaker/service_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "kube/json.hpp"
#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using kube::ServiceL2Status;
using kube::Verb;
using kube::Write;
using kube::WriteError;
using test::SpeakerUnderTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kNamespace = "metallb-system";

/// Keeps the objects, answers writes, and hands out watch events when the test wants them to arrive.
class Api {
 public:
  std::map<ObjectKey, ServiceL2Status> objects;
  std::vector<kube::Change<ServiceL2Status>> events;  ///< not delivered yet

  kube::WriteDone carry_out(const Write& write) {
    EXPECT_EQ(write.resource, &kube::resource_of<ServiceL2Status>());
    if (write.verb == Verb::kCreate) return create(write);
    const auto found = objects.find(write.key);
    if (found == objects.end() || found->second.metadata.uid != write.uid) {
      return {write.id, std::unexpected(WriteError{WriteError::Reason::kNotFound, "not found"})};
    }
    if (write.verb == Verb::kDelete) {
      erase(write.key);
      return {write.id, ""};
    }
    EXPECT_EQ(write.verb, Verb::kMergePatch);
    merge(found->second, write);
    store(found->second);
    return {write.id, kube::encode_text(found->second)};
  }
  void store(ServiceL2Status object) {
    object.metadata.resourceVersion = std::to_string(++version_);
    objects[object.metadata.key()] = object;
    events.emplace_back(kube::Upserted<ServiceL2Status>{std::make_shared<const ServiceL2Status>(object)});
  }
  void erase(ObjectKey key) {  // a copy: the caller may name a key of the map itself
    objects.erase(key);
    events.emplace_back(kube::Removed<ServiceL2Status>{std::move(key)});
  }
  ServiceL2Status of(const std::string& node, const std::string& service = "web") {
    ServiceL2Status object;
    object.metadata.namespace_ = kNamespace;
    object.metadata.name = "l2-" + node + "-" + service;
    object.metadata.uid = "uid-" + std::to_string(++uids_);
    object.metadata.labels = {
        {"metallb.io/node", node}, {"metallb.io/service-name", service}, {"metallb.io/service-namespace", "default"}};
    object.status = {.node = node, .serviceName = service, .serviceNamespace = "default", .interfaces = {}};
    return object;
  }

 private:
  kube::WriteDone create(const Write& write) {
    auto object = kube::decode_text<ServiceL2Status>(write.body).value();
    EXPECT_EQ(object.metadata.generateName, "l2-");
    object.metadata.name = "l2-" + std::to_string(++uids_);
    object.metadata.uid = "uid-" + std::to_string(uids_);
    object.status = {};  // a real subresource: creation does not set it
    store(object);
    return {write.id, kube::encode_text(objects.at(object.metadata.key()))};
  }
  static void merge(ServiceL2Status& object, const Write& write) {
    const auto patch = boost::json::parse(write.body);
    if (write.subresource == "status") {
      EXPECT_EQ(patch.as_object().size(), 1U);
      object.status = kube::decode<ServiceL2Status>(patch).value().status;
    } else {
      EXPECT_FALSE(patch.as_object().contains("status"));
      object.metadata.ownerReferences = kube::decode<ServiceL2Status>(patch).value().metadata.ownerReferences;
    }
  }

  std::uint64_t version_ = 1000;
  std::uint64_t uids_ = 0;
};

class ServiceStatus : public testing::Test {
 protected:
  ServiceStatus() { speaker.forget(); }

  void start() { test::announce_web(speaker); }
  void deliver() {
    for (const auto& event : std::exchange(api.events, {})) speaker.give(event);
    speaker.settle();
  }
  std::vector<Write> take_writes() {
    auto writes = speaker.asked_for<Write>();
    speaker.forget();
    return writes;
  }
  /// Writes and watch until nobody has anything to do; returns how many writes there were.
  int run() {
    int count = 0;
    for (bool busy = true; busy;) {
      deliver();
      const auto writes = take_writes();
      count += static_cast<int>(writes.size());
      for (const auto& write : writes) speaker.give(api.carry_out(write));
      speaker.settle();
      busy = !writes.empty() || !api.events.empty() || !speaker.asked_for<Write>().empty();
    }
    return count;
  }
  /// One write, answered, without the watch showing it.
  void answer_without_echo() {
    const auto writes = take_writes();
    ASSERT_THAT(writes, SizeIs(1));
    speaker.give(api.carry_out(writes[0]));
    speaker.settle();
  }
  void refuse(WriteError::Reason reason) {
    const auto writes = take_writes();
    ASSERT_THAT(writes, SizeIs(1));
    speaker.give(kube::WriteDone{writes[0].id, std::unexpected(WriteError{reason, "refused"})});
    speaker.settle();
  }
  void stop_announcing() { speaker.remove<kube::Service>({"default", "web"}); }
  [[nodiscard]] const ServiceL2Status& only() const {
    EXPECT_THAT(api.objects, SizeIs(1));
    return api.objects.begin()->second;
  }

  Api api;
  SpeakerUnderTest speaker{"iris1"};
};

TEST_F(ServiceStatus, Row103AppearsWithLabelsStatusAndOwner) {
  start();
  EXPECT_EQ(run(), 2);
  const auto& object = only();
  EXPECT_EQ(object.metadata.namespace_, kNamespace);
  EXPECT_EQ(object.metadata.labels, (kube::StringMap{{"metallb.io/node", "iris1"},
                                                     {"metallb.io/service-name", "web"},
                                                     {"metallb.io/service-namespace", "default"}}));
  EXPECT_EQ(object.status.node, "iris1");
  EXPECT_EQ(object.status.serviceName, "web");
  EXPECT_EQ(object.status.serviceNamespace, "default");
  EXPECT_THAT(object.status.interfaces, IsEmpty());
  ASSERT_THAT(object.metadata.ownerReferences, SizeIs(1));
  const auto& owner = object.metadata.ownerReferences.front();
  EXPECT_EQ(owner.apiVersion, "v1");
  EXPECT_EQ(owner.kind, "Pod");
  EXPECT_EQ(owner.name, "speaker-x");
  EXPECT_EQ(owner.uid, "pod-uid");
  EXPECT_FALSE(owner.controller.value_or(false));
}

TEST_F(ServiceStatus, Row104FollowsTheInterfaces) {
  start();
  run();
  auto restricted = test::advertisement();
  restricted.spec.interfaces = {"eth1", "eth0"};
  speaker.put(restricted);
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(only().status.interfaces, ElementsAre(kube::InterfaceInfo{"eth0"}, kube::InterfaceInfo{"eth1"}));
  speaker.put(test::advertisement());
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(only().status.interfaces, IsEmpty());
}

TEST_F(ServiceStatus, Row105GoesWithTheAnnouncement) {
  start();
  run();
  stop_announcing();
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(api.objects, IsEmpty());
}

TEST_F(ServiceStatus, Row106IsTakenOverFromTheNodeThatAnnouncedBefore) {
  api.store(api.of("iris2"));
  deliver();
  start();
  EXPECT_EQ(run(), 3);
  EXPECT_EQ(only().status.node, "iris1");
}

TEST_F(ServiceStatus, Row107OfAnotherNodeIsLeftAloneByWhoDoesNotAnnounce) {
  start();
  run();
  stop_announcing();
  run();
  api.store(api.of("iris2"));
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(only().status.node, "iris2");
}

TEST_F(ServiceStatus, IsNotWrittenAgainWhenNothingDiffers) {
  auto object = api.of("iris1");
  object.status.interfaces = {{"eth1"}, {"eth0"}};  // in another order, as the original may leave it
  object.metadata.ownerReferences = {{"v1", "Pod", "speaker-x", "pod-uid", std::nullopt, std::nullopt}};
  api.store(object);
  auto restricted = test::advertisement();
  restricted.spec.interfaces = {"eth0", "eth1"};
  deliver();
  test::announce_web(speaker, restricted);
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 eth0 eth1"));
  EXPECT_EQ(run(), 0);
}

TEST_F(ServiceStatus, OfAnEarlierRunIsKeptUntilItIsKnownWhatIsAnnounced) {
  api.store(api.of("iris1"));
  deliver();
  speaker.listed<ServiceL2Status>();
  EXPECT_EQ(speaker.settle(), 0);
  EXPECT_THAT(speaker.out, IsEmpty());
  start();
  // It only gets the new Pod as its owner.
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(only().metadata.ownerReferences.front().uid, "pod-uid");
}

TEST_F(ServiceStatus, OfAnEarlierRunIsRemovedWhenItsServiceIsNotAnnouncedAnyMore) {
  api.store(api.of("iris1", "bygone"));
  api.store(api.of("iris2", "foreign"));
  deliver();
  start();
  run();
  std::vector<std::string> services;
  for (const auto& [key, object] : api.objects) services.push_back(object.metadata.labels.at("metallb.io/service-name"));
  EXPECT_THAT(services, testing::UnorderedElementsAre("web", "foreign"));
}

TEST_F(ServiceStatus, WaitsForTheListBeforeItCreatesAnything) {
  speaker.put(test::node("iris1"));
  speaker.put(test::pool("pool", {"10.20.30.0/24"}));
  speaker.put(test::advertisement());
  speaker.put(test::service({"10.20.30.1"}));
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.put_slices("iris1+");
  speaker.listed_needed();
  speaker.settle();
  EXPECT_THAT(speaker.commands(), SizeIs(1));
  EXPECT_THAT(speaker.asked_for<Write>(), IsEmpty());
  EXPECT_EQ(speaker.instance.next_deadline(), kIdle);
  speaker.listed<ServiceL2Status>();
  EXPECT_EQ(run(), 2);
}

TEST_F(ServiceStatus, IsCreatedOnceThoughTheWatchIsLate) {
  start();
  answer_without_echo();  // creation
  answer_without_echo();  // status
  EXPECT_THAT(speaker.asked_for<Write>(), IsEmpty());
  // Something else makes it look again before the watch has shown anything.
  auto restricted = test::advertisement();
  restricted.spec.interfaces = {"eth0"};
  speaker.put(restricted);
  speaker.settle();
  answer_without_echo();
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(only().status.interfaces.size(), 1U);
}

TEST_F(ServiceStatus, IsCreatedOnceThoughTheWatchIsFasterThanTheAnswer) {
  start();
  auto writes = take_writes();
  ASSERT_THAT(writes, SizeIs(1));
  const auto answer = api.carry_out(writes[0]);
  deliver();
  speaker.give(answer);
  speaker.settle();
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(api.objects, SizeIs(1));
}

TEST_F(ServiceStatus, ThatIsDeletedBeforeTheAnswerToItsCreationArrivesIsRestored) {
  start();
  auto writes = take_writes();
  ASSERT_THAT(writes, SizeIs(1));
  const auto answer = api.carry_out(writes[0]);
  api.erase(api.objects.begin()->first);
  deliver();
  speaker.give(answer);
  speaker.settle();
  run();
  EXPECT_EQ(only().status.node, "iris1");
}

TEST_F(ServiceStatus, IsRestoredAfterAManualEditOrDeletion) {
  start();
  run();
  auto edited = only();
  edited.status.interfaces = {{"made-up"}};
  api.store(edited);
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(only().status.interfaces, IsEmpty());
  api.erase(only().metadata.key());
  EXPECT_EQ(run(), 2);
  EXPECT_EQ(only().status.node, "iris1");
}

TEST_F(ServiceStatus, ThatCannotBePatchedIsReplaced) {
  start();
  run();
  auto edited = only();
  edited.status.node = "made-up";  // immutable once set: the server refuses to change it back
  api.store(edited);
  deliver();
  refuse(WriteError::Reason::kInvalid);
  speaker.advance(std::chrono::seconds(1));
  speaker.settle();
  run();
  EXPECT_EQ(only().status.node, "iris1");
  EXPECT_NE(only().metadata.uid, edited.metadata.uid);
}

TEST_F(ServiceStatus, KeepsOneOfTwoOfItsOwn) {
  auto second = api.of("iris1");
  second.metadata.name = "l2-zzz";
  api.store(api.of("iris1"));
  api.store(second);
  deliver();
  start();
  run();
  EXPECT_EQ(only().metadata.name, "l2-iris1-web");
}

TEST_F(ServiceStatus, IsWrittenAgainWithGrowingPausesAfterFailures) {
  start();
  Duration waited{};
  for (int attempt = 0; attempt < 6; ++attempt) {
    refuse(WriteError::Reason::kUnavailable);
    const auto pause = speaker.instance.next_deadline() - speaker.now.steady;
    EXPECT_GT(pause, waited);
    EXPECT_THAT(speaker.asked_for<Write>(), IsEmpty());
    waited = pause;
    speaker.advance(pause);
    speaker.settle();
  }
  EXPECT_EQ(run(), 2);
  EXPECT_EQ(only().status.node, "iris1");
}

TEST_F(ServiceStatus, NeverWaitsLongerThanAMinute) {
  start();
  for (int attempt = 0; attempt < 20; ++attempt) {
    refuse(WriteError::Reason::kForbidden);
    const auto pause = speaker.instance.next_deadline() - speaker.now.steady;
    EXPECT_LE(pause, std::chrono::seconds(60));
    speaker.advance(pause);
    speaker.settle();
  }
}

TEST_F(ServiceStatus, ThatIsGoneAlreadyNeedsNoDeletion) {
  start();
  run();
  stop_announcing();
  speaker.settle();
  refuse(WriteError::Reason::kNotFound);
  EXPECT_THAT(speaker.asked_for<Write>(), IsEmpty());
  EXPECT_EQ(speaker.instance.next_deadline(), kIdle);
}

TEST_F(ServiceStatus, ThatVanishedBeforeAPatchIsCreatedAnew) {
  start();
  run();
  api.objects.clear();
  auto restricted = test::advertisement();
  restricted.spec.interfaces = {"eth0"};
  speaker.put(restricted);
  run();
  EXPECT_EQ(only().status.interfaces.size(), 1U);
}

TEST_F(ServiceStatus, IsRightAfterARelistThatShowsWhatTheWatchMissed) {
  start();
  answer_without_echo();
  answer_without_echo();
  // The watch is cut before it shows any of this; somebody edits, and the relist shows the result only.
  auto edited = only();
  edited.status.interfaces = {{"made-up"}};
  api.events.clear();
  api.store(edited);
  deliver();
  speaker.listed<ServiceL2Status>();
  run();
  EXPECT_THAT(only().status.interfaces, IsEmpty());
}

TEST_F(ServiceStatus, WithoutLabelsIsIgnoredWithALogLine) {
  start();
  run();
  auto strange = api.of("iris1", "strange");
  strange.metadata.labels.erase("metallb.io/service-name");
  api.store(strange);
  for (const auto& event : std::exchange(api.events, {})) speaker.give(event);
  EXPECT_THAT(speaker.log.with("error", "labels are missing"), SizeIs(1));
  EXPECT_EQ(run(), 0);
}

TEST_F(ServiceStatus, HasNoOwnerWhenThePodIsUnknown) {
  auto without_pod = test::options("iris1");
  without_pod.pod.reset();
  SpeakerUnderTest podless(without_pod);
  test::announce_web(podless);
  const auto writes = podless.asked_for<Write>();
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_THAT(kube::decode_text<ServiceL2Status>(writes[0].body).value().metadata.ownerReferences, IsEmpty());
}

TEST_F(ServiceStatus, WritesAreFewAtATimeAndAllGetDone) {
  for (int i = 0; i < 100; ++i) {
    const auto name = "s" + std::to_string(i);
    speaker.put(test::service({"10.20.30." + std::to_string(i)}, name));
    speaker.put_slices("iris1+", "default/" + name);
  }
  start();
  EXPECT_LE(speaker.asked_for<Write>().size(), 16U);
  EXPECT_EQ(run(), 2 * 101);
  EXPECT_THAT(api.objects, SizeIs(101));
}

TEST_F(ServiceStatus, IsCreatedOnceThoughAListThatWasTakenBeforeComesAfterTheAnswer) {
  start();
  answer_without_echo();  // created
  answer_without_echo();  // status
  const auto late = std::exchange(api.events, {});
  speaker.listed<ServiceL2Status>();
  speaker.settle();
  answer_without_echo();  // asks whether it is there
  EXPECT_THAT(take_writes(), IsEmpty());
  EXPECT_THAT(api.objects, SizeIs(1));
  for (const auto& event : late) speaker.give(event);
  run();
  EXPECT_THAT(api.objects, SizeIs(1));
}

TEST_F(ServiceStatus, ThatWasDeletedBeforeAnybodySawItIsRestoredAfterARelist) {
  start();
  answer_without_echo();
  answer_without_echo();
  api.objects.clear();
  api.events.clear();
  speaker.listed<ServiceL2Status>();
  speaker.settle();
  run();
  EXPECT_EQ(only().status.node, "iris1");
}

TEST_F(ServiceStatus, OfAnotherNodeIsNotDeletedAgainAtOnce) {
  start();
  run();
  const auto deletions_after = [&](Duration wait) {
    speaker.advance(wait);
    speaker.settle();
    return run();
  };
  api.store(api.of("iris2"));
  EXPECT_EQ(run(), 1) << "the first is free";
  api.store(api.of("iris2"));
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(deletions_after(std::chrono::milliseconds(900)), 0);
  EXPECT_EQ(deletions_after(std::chrono::milliseconds(100)), 1);
  api.store(api.of("iris2"));
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(deletions_after(std::chrono::milliseconds(1900)), 0) << "the pauses grow";
  EXPECT_EQ(deletions_after(std::chrono::milliseconds(100)), 1);
  speaker.advance(std::chrono::minutes(10));
  api.store(api.of("iris2"));
  EXPECT_EQ(run(), 1);
  api.store(api.of("iris2"));
  EXPECT_EQ(deletions_after(std::chrono::milliseconds(1000)), 1) << "short again after a quiet time";
}

TEST_F(ServiceStatus, ThatVanishedInsteadOfBeingReplacedIsNotReplacedLater) {
  start();
  run();
  auto edited = only();
  edited.status.node = "somebody";
  api.store(edited);
  deliver();
  refuse(WriteError::Reason::kInvalid);
  api.erase(api.objects.begin()->first);
  deliver();
  EXPECT_EQ(run(), 2) << "created, and its status written: nothing is deleted";
}

TEST_F(ServiceStatus, OfAnEarlierRunIsKeptWhileTheInterfacesAreUnknown) {
  auto own = api.of("iris1");
  own.metadata.ownerReferences = {};
  api.store(own);
  deliver();
  auto named = test::advertisement();
  named.spec.interfaces = {"eth0"};
  speaker.put(test::node("iris1"));
  speaker.put(test::pool("pool", {"10.20.30.0/24"}));
  speaker.put(named);
  speaker.put(test::service({"10.20.30.1"}));
  speaker.put_slices("iris1+");
  speaker.listed_all();
  speaker.settle();
  EXPECT_THAT(take_writes(), IsEmpty());
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.settle();
  for (const auto& write : speaker.asked_for<Write>()) EXPECT_NE(write.verb, Verb::kDelete);
  run();
  EXPECT_THAT(api.objects, SizeIs(1));
}

}  // namespace
}  // namespace metallb::speaker
