// One Service brought to the state it should have: rows tH1 to tH51 of controller spec 7.9, and those
// of 7.6 and 7.7 that are about one Service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

kube::IPAddressPool pinned(const std::string& name, std::vector<std::string> addresses, kube::ServiceAllocation allocation) {
  auto out = pool(name, std::move(addresses));
  out.spec.serviceAllocation = std::move(allocation);
  return out;
}

kube::IPAddressPool manual(const std::string& name, std::vector<std::string> addresses) {
  auto out = pool(name, std::move(addresses));
  out.spec.autoAssign = false;
  return out;
}

const kube::LabelSelector kTeam{{{"team", "metallb"}}, {}};

/// The pools of the table. Two of them share addresses in the original's test, which the parser would refuse, so the dual
/// pool 5 stands in for pools 1 and 3 in the rows that need it.
std::vector<kube::IPAddressPool> pools(bool dual) {
  std::vector<kube::IPAddressPool> out = {
      manual("pool2", {"3.4.5.6/32"}),
      manual("pool4", {"2000::1/128"}),
      pinned("pool6", {"7.8.9.0/31"}, {.priority = 10, .namespaces = {"test-ns1"}}),
      pinned("pool7", {"10.11.12.0/31"}, {.priority = 11, .namespaces = {"test-ns1"}}),
      pinned("pool8", {"13.14.15.0/31"}, {.priority = 9, .serviceSelectors = {kTeam}}),
      pinned("pool9", {"16.17.18.0/31"}, {.namespaces = {"test-ns2"}}),
      pinned("pool10", {"19.20.21.0/31"}, {.priority = 8, .serviceSelectors = {kTeam}}),
      pinned("pool11", {"22.23.24.0/31"}, {.priority = 8, .namespaces = {"test-ns1"}, .serviceSelectors = {kTeam}}),
      pinned("pool12", {"25.26.27.0/31"}, {.priority = 5, .namespaces = {"test-ns1"}, .serviceSelectors = {kTeam}}),
      pinned("pool13", {"28.29.30.0/31"}, {.namespaces = {"test-ns2"}, .serviceSelectors = {{{{"foo", "bar"}}, {}}}}),
  };
  if (dual) {
    out.push_back(pool("pool5", {"1.2.3.0/31", "1000::/127"}));
  } else {
    out.push_back(pool("pool1", {"1.2.3.0/31"}));
    out.push_back(pool("pool3", {"1000::/127"}));
  }
  return out;
}

const char* const kV4 = "10.96.0.1";
const char* const kV6 = "3000::1";

using Change = std::function<void(kube::Service&)>;

struct Row {
  const char* row;
  std::vector<std::string> cluster;
  Change change;
  const char* expected;
  bool warns = false;
  bool dual_pool = false;
};

Change annotated(const char* key, const char* value) {
  return [=](kube::Service& s) { s.metadata.annotations[key] = value; };
}
Change asks(const char* addresses) {
  return annotated("metallb.io/loadBalancerIPs", addresses);
}
Change from_pool(const char* name) {
  return annotated("metallb.io/address-pool", name);
}
Change field(const char* address) {
  return [=](kube::Service& s) { s.spec.loadBalancerIP = address; };
}
Change holds(std::initializer_list<const char*> addresses) {
  return [list = std::vector<const char*>(addresses)](kube::Service& s) {
    for (const auto* address : list) s.status.loadBalancer.ingress.push_back({address, ""});
  };
}
Change hostname() {
  return [](kube::Service& s) { s.status.loadBalancer.ingress.push_back({"", "lb.example.com"}); };
}
Change policy(const char* name) {
  return [=](kube::Service& s) { s.spec.ipFamilyPolicy = name; };
}
Change in_namespace(const char* name) {
  return [=](kube::Service& s) { s.metadata.namespace_ = name; };
}
Change labelled(const char* key = "team", const char* value = "metallb") {
  return [=](kube::Service& s) { s.metadata.labels[key] = value; };
}
Change type(const char* name) {
  return [=](kube::Service& s) { s.spec.type = name; };
}
Change both(std::initializer_list<Change> changes) {
  return [list = std::vector<Change>(changes)](kube::Service& s) {
    for (const auto& change : list) change(s);
  };
}
Change nothing() {
  return [](kube::Service&) {};
}

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {"tH2", {kV4}, type("ClusterIP"), ""},
      {"tH3", {kV4}, nothing(), "1.2.3.0"},
      {"tH4", {kV4}, field("1.2.3.1"), "1.2.3.1"},
      {"tH5", {kV4}, asks("1.2.3.1"), "1.2.3.1"},
      {"tH6", {kV4}, both({asks("1.2.3.1"), field("1.2.3.1")}), "", true},
      {"tH7 field", {kV4}, field("please sir may I have an IP address? thx"), "", true},
      {"tH7 annotation", {kV4}, asks("please sir may I have an IP address? thx"), "", true},
      {"tH8", {kV4}, both({asks("1.2.3.1"), from_pool("pool2")}), "", true},
      {"tH9 and tL15", {kV4}, asks("1.2.3.1,1.2.3.0"), "", true},
      {"tL15 three", {kV4, kV6}, asks("1.2.3.1,1.2.3.0,1000::"), "", true, true},
      {"tH10", {kV4}, both({holds({"1.2.3.1"}), asks("1.2.3.4")}), "", true},
      {"tH11", {kV4}, from_pool("pool1"), "1.2.3.0"},
      {"tH12", {kV4}, both({holds({"1.2.3.0"}), from_pool("pool2")}), "3.4.5.6"},
      {"tH13 and tG7", {kV4}, from_pool("does-not-exist"), "", true},
      {"tH14", {kV4}, holds({"2.3.4.5"}), "1.2.3.0"},
      {"tH15", {kV4}, both({hostname(), holds({"2.3.4.5"})}), "1.2.3.0"},
      {"tH16", {kV4}, both({type("NodePort"), holds({"1.2.3.4"})}), ""},
      {"tH17", {kV4}, field("3.4.5.6"), "3.4.5.6"},
      {"tH18", {kV4}, [](kube::Service& s) { s.spec.externalTrafficPolicy = "Local"; }, "1.2.3.0"},
      {"tH19", {}, nothing(), ""},
      {"tH20 v6 field", {kV6}, field("1.2.3.1"), "", true},
      {"tH20 v6 annotation", {kV6}, asks("1.2.3.1"), "", true},
      {"tH20 v4 field", {kV4}, field("1000::"), "", true},
      {"tH20 v4 annotation", {kV4}, asks("1000::"), "", true},
      {"tH21 v6 to v4", {kV4}, holds({"1000::"}), "1.2.3.0"},
      {"tH21 v4 to v6", {kV6}, holds({"1.2.3.0"}), "1000::"},
      {"tH22", {kV4, kV6}, policy("RequireDualStack"), "1.2.3.0 1000::", false, true},
      {"tH22 only single-family pools", {kV4, kV6}, policy("RequireDualStack"), "", true},
      {"tH23", {kV4, kV6}, both({policy("RequireDualStack"), from_pool("pool5")}), "1.2.3.0 1000::", false, true},
      {"tH23 and tG6", {kV4, kV6}, both({policy("PreferDualStack"), from_pool("pool5")}), "1.2.3.0 1000::", false, true},
      {"tH24", {kV4}, both({policy("PreferDualStack"), in_namespace("test-ns1")}), "7.8.9.0"},
      {"tH25 and tG6", {kV4, kV6}, both({policy("PreferDualStack"), from_pool("pool1")}), "1.2.3.0"},
      {"tG6 IPv6", {kV4, kV6}, both({policy("PreferDualStack"), from_pool("pool3")}), "1000::"},
      {"tH26", {kV6}, both({policy("PreferDualStack"), from_pool("pool3")}), "1000::"},
      {"tH27", {kV4}, both({policy("PreferDualStack"), from_pool("pool5")}), "1.2.3.0", false, true},
      {"tH28", {kV4}, policy("RequireDualStack"), "", true},
      {"tH29 field", {kV4, kV6}, both({policy("PreferDualStack"), field("1.2.3.0")}), "", true, true},
      {"tH29 annotation", {kV4, kV6}, both({policy("PreferDualStack"), asks("1.2.3.0")}), "", true, true},
      {"tH30", {kV4, kV6}, both({policy("RequireDualStack"), asks("1.2.3.0,1000::")}), "1.2.3.0 1000::", false, true},
      {"tH30 in the order asked for", {kV4, kV6}, asks("1000::,1.2.3.0"), "1000:: 1.2.3.0", false, true},
      {"tH31", {kV6, kV4}, both({policy("RequireDualStack"), hostname(), holds({"1000::"})}), "1.2.3.0 1000::", false, true},
      {"tH32", {kV4}, asks("1.2.3.0,1000::"), "", true, true},
      {"tH33 and tG14", {kV4}, in_namespace("test-ns1"), "7.8.9.0"},
      {"tH34 and tG15", {kV4}, in_namespace("test-ns2"), "16.17.18.0"},
      {"tH35 and tG16", {kV4}, labelled(), "19.20.21.0"},
      {"tH36 and tG17", {kV4}, both({labelled(), in_namespace("test-ns1")}), "25.26.27.0"},
      {"tH37", {kV4}, holds({"1.2.3.0", "1.2.3.1", "1.2.3.2"}), "1.2.3.0", true},
      {"tH38", {kV4}, both({asks(""), annotated("metallb.universe.tf/loadBalancerIPs", "1.2.3.1")}), "1.2.3.0", true},
      {"tH39", {kV4}, annotated("metallb.universe.tf/address-pool", "pool2"), "3.4.5.6", true},
      {"tH40", {kV4}, both({holds({"1.2.3.1"}), asks("garbage")}), "1.2.3.1", true},
      {"tH41", {kV4, kV6}, both({holds({"1.2.3.0", "1000::1"}), asks("1000::1,1.2.3.0")}), "1.2.3.0 1000::1", false, true},
      {"tH42", {kV4}, policy("PreferDualStack"), "1.2.3.0", false, true},
      {"tH44 blanks", {kV4}, asks(" 1.2.3.1 "), "1.2.3.1"},
      {"tH44 trailing comma", {kV4}, asks("1.2.3.1,"), "", true},
      {"tH45", {kV4, kV6}, both({policy("PreferDualStack"), holds({"1000::1"})}), "1000::1 1.2.3.0", false, true},
      {"tH46 foreign", {kV4}, both({holds({"2.3.4.5"}), asks("garbage")}), "", true},
      {"tH46 outside the pool named", {kV4}, both({holds({"1.2.3.0"}), from_pool("pool2"), asks("garbage")}), "", true},
      {"tH47 nothing held", {"None"}, nothing(), "", true},
      {"tH47 held", {"None"}, holds({"1.2.3.1"}), "1.2.3.1", true},
      {"tH48", {kV4}, asks("::ffff:1.2.3.1"), "1.2.3.1"},
      {"tH49 addresses", {kV4}, asks(" "), "", true},
      {"tH49 pool", {kV4}, from_pool(" pool1"), "", true},
      {"tH49 field", {kV4}, field(" 1.2.3.1"), "", true},
      {"tH50", {kV4, kV6}, both({policy("PreferDualStack"), holds({"1.2.3.1"}), asks("1.2.3.1")}), "1.2.3.1", false, true},
      {"tH51", {kV4}, holds({"1.2.3.0"}), "1.2.3.0"},
      {"tH51 wrong pool", {kV4}, both({holds({"1.2.3.0"}), annotated("metallb.io/ip-allocated-from-pool", "x")}), "1.2.3.0"},
      {"tL16", {kV4}, both({in_namespace("test-ns1"), asks("7.8.9.1")}), "7.8.9.1"},
      {"tL16 elsewhere", {kV4}, asks("7.8.9.1"), "", true},
      {"tL17", {kV4}, both({labelled(), asks("13.14.15.1")}), "13.14.15.1"},
      {"tL17 other label", {kV4}, both({labelled("team", "red"), asks("13.14.15.1")}), "", true},
      {"tL18", {kV4}, both({labelled(), in_namespace("test-ns1"), asks("25.26.27.1")}), "25.26.27.1"},
      {"tL19", {kV4}, both({labelled(), in_namespace("test-ns2"), asks("28.29.30.1")}), "", true},
      {"tL20", {kV4}, both({labelled("foo", "bar"), in_namespace("test-ns1"), asks("28.29.30.1")}), "", true},
      {"tL20 both right", {kV4}, both({labelled("foo", "bar"), in_namespace("test-ns2"), asks("28.29.30.1")}), "28.29.30.1"},
      {"tG12", {kV4, kV6}, nothing(), "", true, true},
      {"tG24",
       {kV4, kV6},
       both({policy("PreferDualStack"), [](kube::Service& s) { s.spec.ipFamilies = {"IPv6", "IPv4"}; }}),
       "1000::"},
  };
  return rows;
}

kube::Service built(const Row& row) {
  auto out = service("test", row.cluster);
  row.change(out);
  return out;
}

Lab lab_with(bool dual) {
  Lab lab;
  for (auto& object : pools(dual)) lab.api.put(std::move(object));
  lab.start();
  return lab;
}

/// The row's Service from creation to rest, in a cluster of its own.
class Converged {
 public:
  explicit Converged(const Row& row) : lab(lab_with(row.dual_pool)), key(built(row).metadata.key()) { lab.put(built(row)); }
  Lab lab;
  ObjectKey key;
  std::string shown_addresses() { return shown(lab.api.service(key)); }
};

TEST(Converge, EveryRowOfTheTable) {
  for (const auto& row : table()) {
    Converged done(row);
    EXPECT_EQ(done.shown_addresses(), row.expected) << row.row;
    const auto reasons = done.lab.take_reasons();
    const bool warned = std::any_of(reasons.begin(), reasons.end(), [](const auto& r) { return r.starts_with("W"); });
    EXPECT_EQ(warned, row.warns) << row.row << ": " << testing::PrintToString(reasons);
  }
}

TEST(Converge, TheAnnotationNamesThePoolExactlyWhileThereIsAnAddress) {
  for (const auto& row : table()) {
    if (std::string(row.row) == "tH47 held") continue;  // the object is left as it is
    Converged done(row);
    const auto& object = done.lab.api.service(done.key);
    const auto found = object.metadata.annotations.find("metallb.io/ip-allocated-from-pool");
    EXPECT_EQ(found != object.metadata.annotations.end(), *row.expected != 0) << row.row;
  }
}

TEST(Converge, LaterPassesChangeNothingAndWriteNothing) {
  for (const auto& row : table()) {
    Converged done(row);
    done.lab.advance(std::chrono::seconds(10));
    const auto writes = done.lab.api.service_writes.sent;
    (void)done.lab.take_reasons();
    for (int pass = 0; pass < 3; ++pass) {
      // A relist makes the controller look at everything again.
      for (const auto& input : done.lab.api.list()) done.lab.feed(input);
      done.lab.settle();
    }
    EXPECT_EQ(done.shown_addresses(), row.expected) << row.row;
    EXPECT_EQ(done.lab.api.service_writes.sent, writes) << row.row;
    EXPECT_THAT(done.lab.take_reasons(), IsEmpty()) << row.row;
  }
}

TEST(Converge, ARestartChangesNothingEither) {
  for (const auto& row : table()) {
    Converged done(row);
    const auto changes = done.lab.api.service_writes.changed;
    for (int i = 0; i < 3; ++i) done.lab.restart();
    EXPECT_EQ(done.shown_addresses(), row.expected) << row.row;
    EXPECT_EQ(done.lab.api.service_writes.changed, changes) << row.row;
  }
}

TEST(Converge, OutcomesDoNotDependOnWhatTheServiceWasBefore) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    auto rows = table();
    std::erase_if(rows, [](const Row& row) {
      const std::string name = row.row;
      return row.dual_pool || name.starts_with("tH47") || name.starts_with("tH16");
    });
    std::shuffle(rows.begin(), rows.end(), std::minstd_rand(seed));
    auto lab = lab_with(false);
    for (const auto& row : rows) {
      auto object = built(row);
      const auto key = object.metadata.key();
      lab.put(std::move(object));
      if (shown(lab.api.service(key)) != row.expected) RC_FAIL(std::string(row.row) + ": " + shown(lab.api.service(key)));
      // Namespaces differ between rows; only one Service is to be there at a time.
      if (key.namespace_ != "default") {
        lab.api.remove_service(key);
        lab.settle();
      }
    }
  }));
}

TEST(Converge, TH1ADeletedServiceThatHeldNothingLeavesNoTrace) {
  auto lab = lab_with(false);
  lab.feed(kube::Change<kube::Service>(kube::Removed<kube::Service>{key_of("test")}));
  lab.settle();
  EXPECT_THAT(lab.take_reasons(), IsEmpty());
}

TEST(Converge, TH43WhatTheServerAddsToAnEntryCausesNoWrite) {
  // ipMode and ports are unknown members to us: an entry with the right address counts as right, and a patch that would
  // touch the list is not sent.
  auto lab = lab_with(false);
  auto object = service("test");
  show(object, {"1.2.3.0"});
  object.metadata.annotations["metallb.io/ip-allocated-from-pool"] = "pool1";
  auto json = kube::encode(object);
  auto& entry = json.at_pointer("/status/loadBalancer/ingress/0").as_object();
  entry["ipMode"] = "VIP";
  entry["ports"] = boost::json::array{{{"port", 80}, {"protocol", "TCP"}}};
  lab.put(*kube::decode<kube::Service>(json));
  EXPECT_EQ(lab.api.service_writes.sent, 0);
}

TEST(Converge, TH46AGarbledRequestBesideAnAddressThatMayNotStayIsRefusedByName) {
  struct Case {
    const char* row;
    Change change;
    std::vector<std::string> reasons;
  };
  const Case cases[] = {
      {"foreign", both({holds({"2.3.4.5"}), asks("garbage")}), {"N ClearAssignment", "W LoadBalancerFailed"}},
      {"outside the pool named", both({holds({"1.2.3.0"}), from_pool("pool2"), asks("garbage")}), {"W LoadBalancerFailed"}},
  };
  for (const auto& one : cases) {
    auto lab = lab_with(false);
    auto object = service("test");
    one.change(object);
    lab.api.put(object);
    lab.feed(lab.api.watch().front());
    lab.api.watch().clear();
    lab.turn();  // one look at the Service as it was: the next one finds it empty
    EXPECT_EQ(lab.take_reasons(), one.reasons) << one.row;
    lab.settle();
    EXPECT_EQ(lab.addresses("test"), "") << one.row;
  }
}

TEST(Converge, TH47AHeadlessServiceIsRefusedByNameAndWhatItShowsIsKeptForIt) {
  auto lab = lab_with(false);
  lab.put(service("test", {"None"}));
  EXPECT_EQ(lab.take_reasons(), std::vector<std::string>{"W AllocationFailed"});
  auto holder = service("holder", {"None"});
  show(holder, {"1.2.3.1"});
  lab.put(holder);
  EXPECT_EQ(lab.take_reasons(), std::vector<std::string>{"W noclusterIPsIPFamily"});
  EXPECT_EQ(lab.addresses("holder"), "1.2.3.1");
  EXPECT_EQ(lab.api.service_writes.sent, 0);
  // Decided otherwise than in the specification: nobody else gets what a status shows.
  EXPECT_EQ(lab.controller.allocator().find(key_of("holder")), nullptr) << "not held";
  auto other = service("other");
  asks("1.2.3.1")(other);
  lab.put(other);
  EXPECT_EQ(lab.addresses("other"), "");
  lab.remove("holder");
  EXPECT_EQ(lab.addresses("other"), "1.2.3.1");
}

TEST(Converge, TH51AnAnnotationThatIsMissingOrWrongIsMendedByOneWriteWithoutAnEvent) {
  for (const auto* before : {"", "x", "pool3"}) {
    auto lab = lab_with(false);
    auto object = service("test");
    show(object, {"1.2.3.0"});
    if (*before != 0) annotated("metallb.io/ip-allocated-from-pool", before)(object);
    lab.put(object);
    EXPECT_EQ(lab.addresses("test"), "1.2.3.0") << before;
    EXPECT_EQ(lab.pool_annotation("test"), "pool1") << before;
    EXPECT_EQ(lab.api.service_writes.sent, 1) << before;
    EXPECT_THAT(lab.take_reasons(), IsEmpty()) << before;
  }
}

TEST(Converge, MessagesOfTheEvents) {
  struct Message {
    const char* row;
    std::vector<std::string> cluster;
    Change change;
    const char* reason;
    const char* text;
    bool dual = false;
  };
  const Message rows[] = {
      {"tH3", {kV4}, nothing(), "IPAllocated", "Assigned IP [\"1.2.3.0\"]"},
      {"tH22", {kV4, kV6}, policy("RequireDualStack"), "IPAllocated", "Assigned IP [\"1.2.3.0\" \"1000::\"]", true},
      {"tH45",
       {kV4, kV6},
       both({policy("PreferDualStack"), holds({"1000::1"})}),
       "IPAllocated",
       "Assigned additional IP \"1.2.3.0\"",
       true},
      {"tH14",
       {kV4},
       holds({"2.3.4.5"}),
       "ClearAssignment",
       "current IP for \"default/test\" not allowed by config, will attempt for new IP assignment: [\"2.3.4.5\"] is not "
       "allowed in config"},
      {"full",
       {kV4},
       from_pool("pool4"),
       "AllocationFailed",
       "Failed to allocate IP for \"default/test\": no available IPs in pool pool4"},
      {"tH13", {kV4}, from_pool("x"), "AllocationFailed", "Failed to allocate IP for \"default/test\": unknown pool \"x\""},
      {"tH7", {kV4}, asks("garbage"), "AllocationFailed", "invalid metallb.io/loadBalancerIPs: \"garbage\""},
      {"tH7 remedy", {kV4}, asks("garbage"), "AllocationFailed", "write one address"},
      {"tH7 deprecated key",
       {kV4},
       annotated("metallb.universe.tf/loadBalancerIPs", "garbage"),
       "AllocationFailed",
       "invalid metallb.universe.tf/loadBalancerIPs: \"garbage\""},
      {"tH7 field", {kV4}, field("garbage"), "AllocationFailed", "invalid spec.loadBalancerIP \"garbage\""},
      {"tH6",
       {kV4},
       both({asks("1.2.3.1"), field("1.2.3.1")}),
       "AllocationFailed",
       "service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP"},
      {"tH8",
       {kV4},
       both({asks("1.2.3.1"), from_pool("pool2")}),
       "AllocationFailed",
       "is not compatible with requested address pool pool2"},
      {"tH20",
       {kV4},
       asks("1000::"),
       "AllocationFailed",
       "requested loadBalancer IP(s) [\"1000::\"] does not match the ipFamily of the service"},
      {"outside", {kV4}, asks("9.9.9.9"), "AllocationFailed", "[\"9.9.9.9\"] is not allowed in config"},
      {"tL16", {kV4}, asks("16.17.18.0"), "AllocationFailed", "pool pool9 not compatible for ip assignment"},
      {"tG22 free", {kV4}, from_pool("pool9"), "AllocationFailed", "pool pool9 not compatible for ip assignment"},
      {"tG21 single",
       {kV6},
       from_pool("pool1"),
       "AllocationFailed",
       "no available IPs in pool pool1: it has no free IPv6 address"},
      {"tG21 dual",
       {kV4, kV6},
       both({policy("RequireDualStack"), from_pool("pool1")}),
       "AllocationFailed",
       "no available IPs in pool pool1 for dual IPFamily"},
      {"tH40",
       {kV4},
       both({holds({"1.2.3.1"}), asks("garbage")}),
       "LoadBalancerFailed",
       "invalid requested loadbalancer IPs: invalid metallb.io/loadBalancerIPs: \"garbage\""},
      {"tH28",
       {kV4},
       policy("RequireDualStack"),
       "not enough clusterips",
       "Service requires dual stack but not enough clusterips [10.96.0.1]"},
      {"tH37",
       {kV4},
       holds({"1.2.3.0", "1.2.3.1", "1.2.3.2"}),
       "nolbIPsIPFamily",
       "Failed to retrieve LBIPs IPFamily for [\"1.2.3.0\" \"1.2.3.1\" \"1.2.3.2\"]: IPFamilyForAddresses"},
      {"tH47",
       {"None"},
       holds({"1.2.3.1"}),
       "noclusterIPsIPFamily",
       "Failed to retrieve ClusterIPs IPFamily for [\"None\"] None: IPFamilyForAddresses"},
      {"tH39",
       {kV4},
       annotated("metallb.universe.tf/address-pool", "pool2"),
       "deprecatedAnnotation",
       "Service uses deprecated annotation metallb.universe.tf/address-pool"},
      {"v4 only",
       {kV4, kV6},
       both({policy("PreferDualStack"), holds({"1.2.3.0"})}),
       "AdditionalAssignFailed",
       "cannot assign additional IP in PreferDualStack: no available IPs in pool pool1"},
  };
  for (const auto& row : rows) {
    auto lab = lab_with(row.dual);
    auto object = service("test", row.cluster);
    row.change(object);
    lab.put(std::move(object));
    std::string found;
    for (const auto& event : lab.events) {
      if (event.reason == row.reason) found = event.message;
      EXPECT_EQ(event.about.kind, "Service");
      EXPECT_EQ(event.about.namespace_, "default");
      EXPECT_FALSE(event.about.uid.empty());
    }
    EXPECT_THAT(found, HasSubstr(row.text)) << row.row;
  }
}

TEST(Converge, AFailureIsToldOnceUntilTheServiceChanges) {
  auto lab = lab_with(false);
  auto object = service("test");
  asks("9.9.9.9")(object);
  lab.put(object);
  EXPECT_THAT(lab.take_reasons(), Contains("W AllocationFailed"));
  lab.put(pool("another", {"50.0.0.0/31"}));  // everything is looked at again
  EXPECT_THAT(lab.take_reasons(), Not(Contains("W AllocationFailed")));
  lab.edit("test", [](auto& s) { s.metadata.labels["touched"] = "yes"; });
  EXPECT_THAT(lab.take_reasons(), Contains("W AllocationFailed"));
}

TEST(Converge, TheDecisionIsKeptAsData) {
  auto lab = lab_with(false);
  lab.put(service("good"));
  auto object = service("bad");
  from_pool("x")(object);
  lab.put(std::move(object));
  const auto* good = lab.controller.decision(key_of("good"));
  ASSERT_NE(good, nullptr);
  EXPECT_EQ(good->state, Decision::State::kAssigned);
  EXPECT_EQ(lab.pool_annotation("good"), "pool1");
  const auto* bad = lab.controller.decision(key_of("bad"));
  ASSERT_NE(bad, nullptr);
  EXPECT_EQ(bad->state, Decision::State::kPending);
  EXPECT_THAT(bad->reason, testing::StartsWith("unknown pool \"x\": "));
  EXPECT_EQ(lab.controller.decision(key_of("nobody")), nullptr);
}

}  // namespace
}  // namespace metallb::controller
