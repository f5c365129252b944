// ServiceBGPStatus objects: bgp spec 5.1. What they share with ServiceL2Status is tested there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "kube/json.hpp"
#include "speaker/service_status.hpp"

namespace metallb::speaker {
namespace {

using kube::ServiceBGPStatus;
using kube::Verb;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class BgpStatus : public testing::Test {
 protected:
  BgpServiceStatuses statuses{"pandora", "metallb-system", PodIdentity{"speaker-x", "pod-uid"}, Log()};
  const ServiceKey web{"default", "web"};
  Now now{.steady = SteadyPoint(std::chrono::hours(1)), .wall = {}};

  void SetUp() override {
    statuses.on_change(kube::Listed<ServiceBGPStatus>{});
    statuses.start();
  }
  std::vector<kube::Write> writes() {
    Output out;
    statuses.on_time(now, out);
    std::vector<kube::Write> found;
    for (auto& action : out) found.push_back(std::get<kube::Write>(action));
    return found;
  }
  void show(const ServiceBGPStatus& object) {
    statuses.on_change(kube::Upserted<ServiceBGPStatus>{std::make_shared<const ServiceBGPStatus>(object)});
  }
  static ServiceBGPStatus object(const std::string& name, const std::string& node, std::vector<std::string> peers) {
    ServiceBGPStatus out;
    out.metadata.namespace_ = "metallb-system";
    out.metadata.name = name;
    out.metadata.uid = "uid-" + name;
    out.metadata.resourceVersion = std::to_string(peers.size() + 1);
    out.metadata.labels = {
        {"metallb.io/node", node}, {"metallb.io/service-name", "web"}, {"metallb.io/service-namespace", "default"}};
    kube::OwnerReference owner;
    owner.uid = "pod-uid";
    out.metadata.ownerReferences = {owner};
    out.status = {.node = node, .serviceName = "web", .serviceNamespace = "default", .peers = std::move(peers)};
    return out;
  }
};

TEST_F(BgpStatus, IsCreatedAndThenToldItsPeers) {
  statuses.want(web, std::vector<std::string>{"peer1", "peer2"});
  const auto created = writes();
  ASSERT_THAT(created, SizeIs(1));
  EXPECT_EQ(created[0].verb, Verb::kCreate);
  EXPECT_EQ(created[0].resource, &kube::resource_of<ServiceBGPStatus>());
  const auto made = kube::decode_text<ServiceBGPStatus>(created[0].body).value();
  EXPECT_EQ(made.metadata.generateName, "bgp-");
  EXPECT_EQ(made.metadata.labels, object("", "pandora", {}).metadata.labels);
  ASSERT_THAT(made.metadata.ownerReferences, SizeIs(1));
  EXPECT_EQ(made.metadata.ownerReferences.front().uid, "pod-uid");
  auto answer = object("bgp-1", "pandora", {});
  answer.status = {};
  statuses.on_write_done(now, {created[0].id, kube::encode_text(answer)});
  const auto patched = writes();
  ASSERT_THAT(patched, SizeIs(1));
  EXPECT_EQ(patched[0].subresource, "status");
  EXPECT_EQ(boost::json::parse(patched[0].body),
            boost::json::parse(R"({"status":{"node":"pandora","serviceName":"web","serviceNamespace":"default",
                                   "peers":["peer1","peer2"]}})"));
  statuses.on_write_done(now, {patched[0].id, kube::encode_text(object("bgp-1", "pandora", {"peer1", "peer2"}))});
  EXPECT_THAT(writes(), IsEmpty());
}

TEST_F(BgpStatus, LeavesTheObjectsOfOtherNodesAlone) {
  show(object("bgp-theirs", "iris", {"peer1"}));
  show(object("bgp-mine", "pandora", {"peer1"}));
  statuses.want(web, std::vector<std::string>{"peer1"});
  EXPECT_THAT(writes(), IsEmpty());
  statuses.want(web, std::nullopt);
  const auto deleted = writes();
  ASSERT_THAT(deleted, SizeIs(1));
  EXPECT_EQ(deleted[0].verb, Verb::kDelete);
  EXPECT_EQ(deleted[0].key.name, "bgp-mine");
}

TEST_F(BgpStatus, IsRestoredAndExtraObjectsAreDeleted) {
  statuses.want(web, std::vector<std::string>{"peer1"});
  show(object("bgp-1", "pandora", {"peer1"}));
  show(object("bgp-2", "pandora", {"peer1"}));
  const auto deleted = writes();
  ASSERT_THAT(deleted, SizeIs(1));
  EXPECT_EQ(deleted[0].verb, Verb::kDelete);
  statuses.on_write_done(now, {deleted[0].id, ""});
  EXPECT_THAT(writes(), IsEmpty());
  // Somebody gives the one that is left to another node: it is ours no more.
  const auto kept = deleted[0].key.name == "bgp-1" ? "bgp-2" : "bgp-1";
  show(object(kept, "iris", {"peer1", "peer2"}));
  const auto created = writes();
  ASSERT_THAT(created, SizeIs(1));
  EXPECT_EQ(created[0].verb, Verb::kCreate);
}

TEST_F(BgpStatus, NumbersItsWritesApartFromThoseOfTheOtherKind) {
  ServiceStatuses layer2("pandora", "metallb-system", std::nullopt, Log());
  layer2.on_change(kube::Listed<kube::ServiceL2Status>{});
  layer2.start();
  layer2.want(web, layer2::InterfaceSet{.all = true, .names = {}});
  statuses.want(web, std::vector<std::string>{"peer1"});
  Output out;
  layer2.on_time(now, out);
  ASSERT_THAT(out, SizeIs(1));
  const auto theirs = std::get<kube::Write>(out.front()).id;
  const auto mine = writes();
  ASSERT_THAT(mine, SizeIs(1));
  EXPECT_NE(theirs, mine.front().id);
}

}  // namespace
}  // namespace metallb::speaker
