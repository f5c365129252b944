#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::int64_t node_port(const Answer& answer, std::size_t port = 0) {
  return number_at(array_at(answer.body, "spec.ports")->at(port).as_object(), "nodePort").value_or(0);
}

TEST(Service, GetsTheDefaultsOfARealServer) {
  Api api;
  const auto made = api.post(kServices, service("web"));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("spec.sessionAffinity"), "None");
  EXPECT_EQ(made.at("spec.internalTrafficPolicy"), "Cluster");
  EXPECT_EQ(made.at("spec.externalTrafficPolicy"), "Cluster");
  EXPECT_EQ(made.at("spec.ipFamilyPolicy"), "SingleStack");
  EXPECT_THAT(texts_at(made.body, "spec.ipFamilies"), ElementsAre("IPv4"));
  EXPECT_THAT(made.at("spec.clusterIP"), StartsWith("10.43."));
  EXPECT_THAT(texts_at(made.body, "spec.clusterIPs"), ElementsAre(made.at("spec.clusterIP")));
  EXPECT_EQ(flag_at(made.body, "spec.allocateLoadBalancerNodePorts"), true);
  const auto& port = array_at(made.body, "spec.ports")->at(0).as_object();
  EXPECT_EQ(text_at(port, "protocol"), "TCP");
  EXPECT_EQ(number_at(port, "targetPort"), 80);
  EXPECT_GE(node_port(made), 30000);
  EXPECT_LE(node_port(made), 32767);
  EXPECT_NE(object_at(made.body, "status.loadBalancer"), nullptr);
}

TEST(Service, ClusterIpTypeGetsNoNodePortAndNoExternalPolicy) {
  Api api;
  const auto made = api.post(kServices, service("web", "", "ClusterIP"));
  EXPECT_EQ(node_port(made), 0);
  EXPECT_EQ(made.at("spec.externalTrafficPolicy"), "");
  EXPECT_EQ(find(made.body, "spec.allocateLoadBalancerNodePorts"), nullptr);
}

struct FamilyCase {
  const char* spec;
  std::vector<std::string> families;
  const char* policy;
};

TEST(Service, FamiliesFollowPolicyAndOrder) {
  const FamilyCase cases[] = {
      {R"("ipFamilyPolicy":"PreferDualStack")", {"IPv4", "IPv6"}, "PreferDualStack"},
      {R"("ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6"])", {"IPv6", "IPv4"}, "RequireDualStack"},
      {R"("ipFamilyPolicy":"PreferDualStack","ipFamilies":["IPv6","IPv4"])", {"IPv6", "IPv4"}, "PreferDualStack"},
      {R"("ipFamilies":["IPv6"])", {"IPv6"}, "SingleStack"},
      {R"("clusterIP":"fd43::77")", {"IPv6"}, "SingleStack"},
  };
  for (const auto& c : cases) {
    Api api;
    const auto made = api.post(kServices, service("web", c.spec));
    ASSERT_EQ(made.status, 201) << c.spec << made.text;
    EXPECT_EQ(texts_at(made.body, "spec.ipFamilies"), c.families) << c.spec;
    EXPECT_EQ(made.at("spec.ipFamilyPolicy"), c.policy) << c.spec;
    const auto addresses = texts_at(made.body, "spec.clusterIPs");
    ASSERT_EQ(addresses.size(), c.families.size()) << c.spec;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      EXPECT_EQ(addresses[i].find(':') != std::string::npos, c.families[i] == "IPv6") << c.spec;
    }
    EXPECT_EQ(made.at("spec.clusterIP"), addresses[0]) << c.spec;
  }
}

TEST(Service, DualStackIsRefusedWhereTheClusterHasOneFamily) {
  Options options;
  options.cluster_cidrs.resize(1);
  Api api(options);
  const auto required = api.post(kServices, service("web", R"("ipFamilyPolicy":"RequireDualStack")"));
  EXPECT_EQ(required.status, 422);
  EXPECT_THAT(required.message(), HasSubstr("this cluster is not configured for dual-stack services"));
  const auto preferred = api.post(kServices, service("web", R"("ipFamilyPolicy":"PreferDualStack")"));
  EXPECT_THAT(texts_at(preferred.body, "spec.clusterIPs"), SizeIs(1));
}

TEST(Service, UpgradesToDualStackAndBack) {
  Api api;
  const auto first = api.post(kServices, service("web")).at("spec.clusterIP");
  const auto dual = api.merge(kServices + "/web", R"({"spec":{"ipFamilyPolicy":"PreferDualStack"}})");
  ASSERT_EQ(dual.status, 200) << dual.text;
  EXPECT_THAT(texts_at(dual.body, "spec.clusterIPs"), ElementsAre(first, StartsWith("fd43::")));
  const auto single = api.merge(kServices + "/web", R"({"spec":{"ipFamilyPolicy":"SingleStack"}})");
  ASSERT_EQ(single.status, 200) << single.text;
  EXPECT_THAT(texts_at(single.body, "spec.clusterIPs"), ElementsAre(first));
  EXPECT_THAT(texts_at(single.body, "spec.ipFamilies"), ElementsAre("IPv4"));
}

TEST(Service, HeadlessHasNoAddress) {
  Api api;
  const auto made = api.post(kServices, service("web", R"("clusterIP":"None")", "ClusterIP"));
  EXPECT_THAT(texts_at(made.body, "spec.clusterIPs"), ElementsAre("None"));
  EXPECT_THAT(texts_at(made.body, "spec.ipFamilies"), ElementsAre("IPv4"));
  const auto balancer = api.post(kServices, service("lb", R"("clusterIP":"None")"));
  EXPECT_EQ(balancer.status, 422);
}

TEST(Service, NodePortsComeAndGoWithTheType) {
  Api api;
  (void)api.post(kServices, service("web", "", "ClusterIP"));
  const auto balancer = api.merge(kServices + "/web", R"({"spec":{"type":"LoadBalancer"}})");
  const auto port = node_port(balancer);
  EXPECT_NE(port, 0);
  const auto same = api.merge(kServices + "/web", R"({"spec":{"type":"NodePort"}})");
  EXPECT_EQ(node_port(same), port);
  EXPECT_EQ(find(same.body, "spec.allocateLoadBalancerNodePorts"), nullptr);
  const auto back = api.merge(kServices + "/web", R"({"spec":{"type":"ClusterIP"}})");
  ASSERT_EQ(back.status, 200) << back.text;
  EXPECT_EQ(node_port(back), 0);
  EXPECT_EQ(back.at("spec.externalTrafficPolicy"), "");
}

TEST(Service, AWholeUpdateWithoutAllocatedValuesKeepsThem) {
  Api api;
  const auto made = api.post(kServices, service("web", R"("ipFamilyPolicy":"PreferDualStack")"));
  const auto updated = api.put(kServices + "/web", service("web", R"("loadBalancerIP":"10.0.0.1")"));
  ASSERT_EQ(updated.status, 200) << updated.text;
  EXPECT_EQ(texts_at(updated.body, "spec.clusterIPs"), texts_at(made.body, "spec.clusterIPs"));
  EXPECT_EQ(node_port(updated), node_port(made));
}

TEST(Service, HealthCheckPortBelongsToLocalLoadBalancers) {
  Api api;
  const auto made = api.post(kServices, service("web", R"("externalTrafficPolicy":"Local")"));
  EXPECT_GE(number_at(made.body, "spec.healthCheckNodePort").value_or(0), 30000);
  const auto changed = api.merge(kServices + "/web", R"({"spec":{"externalTrafficPolicy":"Cluster"}})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(find(changed.body, "spec.healthCheckNodePort"), nullptr);
}

TEST(Service, TcpAndUdpOfOnePortShareANodePort) {
  Api api;
  const auto made = api.post(kServices, R"({"metadata":{"name":"dns"},"spec":{"type":"LoadBalancer","ports":[
        {"name":"u","port":53,"protocol":"UDP"},{"name":"t","port":53,"protocol":"TCP"}]}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(node_port(made, 0), node_port(made, 1));
}

TEST(Service, AddressesAndPortsAreGivenOnceAndFreedWithTheService) {
  Options options;
  options.cluster_cidrs = {*IpPrefix::parse("10.43.0.0/29")};  // six usable, one of them for "kubernetes"
  options.first_node_port = 30000;
  options.last_node_port = 30009;
  Api api(options);
  std::set<std::string> addresses;
  std::set<std::int64_t> ports;
  for (int i = 0; i < 5; ++i) {
    const auto made = api.post(kServices, service("web" + std::to_string(i)));
    ASSERT_EQ(made.status, 201) << made.text;
    addresses.insert(made.at("spec.clusterIP"));
    ports.insert(node_port(made));
  }
  EXPECT_THAT(addresses, SizeIs(5));
  EXPECT_THAT(ports, SizeIs(5));
  const auto full = api.post(kServices, service("more"));
  EXPECT_EQ(full.status, 422);
  EXPECT_THAT(full.message(), HasSubstr("range is full"));
  (void)api.remove(kServices + "/web3");
  EXPECT_EQ(api.post(kServices, service("more")).status, 201);
}

TEST(Service, ATakenAddressOrPortIsRefused) {
  Api api;
  (void)api.post(kServices, service("a", R"("clusterIP":"10.43.5.5")"));
  EXPECT_THAT(api.post(kServices, service("b", R"("clusterIP":"10.43.5.5")")).message(),
              HasSubstr("provided IP is already allocated"));
  EXPECT_THAT(api.post(kServices, service("b", R"("clusterIP":"10.99.5.5")")).message(),
              HasSubstr("not in the valid range"));
  const auto ports = [](int number) { return R"("ports":[{"port":80,"nodePort":)" + std::to_string(number) + "}]"; };
  EXPECT_EQ(api.post(kServices, service("c", ports(30100))).status, 201);
  EXPECT_THAT(api.post(kServices, service("d", ports(30100))).message(), HasSubstr("provided port is already allocated"));
  EXPECT_THAT(api.post(kServices, service("d", ports(80))).message(), HasSubstr("30000-32767"));
}

struct InvalidCase {
  const char* spec;
  const char* type;
  const char* field;
  const char* message;
};

TEST(Service, RefusesWhatARealServerRefuses) {
  const InvalidCase cases[] = {
      {R"("ports":[])", "LoadBalancer", "spec.ports", "Required value"},
      {R"("ports":[{"port":0}])", "ClusterIP", "spec.ports[0].port", "must be between 1 and 65535, inclusive"},
      {R"("ports":[{"port":65536}])", "ClusterIP", "spec.ports[0].port", "must be between 1 and 65535, inclusive"},
      {R"("ports":[{"port":80,"protocol":"ICMP"}])", "ClusterIP", "spec.ports[0].protocol",
       R"(Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP")"},
      {R"("ports":[{"port":80},{"port":81,"name":"b"}])", "ClusterIP", "spec.ports[0].name", "Required value"},
      {R"("ports":[{"port":80,"name":"a"},{"port":81,"name":"a"}])", "ClusterIP", "spec.ports[1].name", "Duplicate value"},
      {R"("ports":[{"port":80,"name":"a"},{"port":80,"name":"b"}])", "ClusterIP", "spec.ports[1]", "Duplicate value"},
      {R"("ports":[{"port":80,"nodePort":30000}])", "ClusterIP", "spec.ports[0].nodePort", "may not be used when `type` is"},
      {R"("x":1)", "Balancer", "spec.type", R"(supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort")"},
      {R"("sessionAffinity":"Always")", "ClusterIP", "spec.sessionAffinity", "Unsupported value"},
      {R"("externalTrafficPolicy":"Local")", "ClusterIP", "spec.externalTrafficPolicy", "externally-accessible"},
      {R"("externalTrafficPolicy":"Near")", "LoadBalancer", "spec.externalTrafficPolicy", "Unsupported value"},
      {R"("loadBalancerClass":"a/b")", "ClusterIP", "spec.loadBalancerClass",
       "may only be used when `type` is 'LoadBalancer'"},
      {R"("ipFamilies":["IPv5"])", "ClusterIP", "spec.ipFamilies[0]", "Unsupported value"},
      {R"("ipFamilies":["IPv4","IPv4"])", "ClusterIP", "spec.ipFamilies[1]", "Duplicate value"},
      {R"("ipFamilies":["IPv4","IPv6"])", "ClusterIP", "spec.ipFamilyPolicy",
       "must be 'RequireDualStack' or 'PreferDualStack'"},
      {R"("clusterIP":"10.43.0.9","ipFamilies":["IPv6"])", "ClusterIP", "spec.clusterIPs[0]", "expected an IPv6 value"},
      {R"("externalIPs":["nonsense"])", "ClusterIP", "spec.externalIPs[0]", "must be a valid IP address"},
  };
  for (const auto& c : cases) {
    Api api;
    const auto refused = api.post(kServices, service("web", c.spec, c.type));
    EXPECT_EQ(refused.status, 422) << c.spec << refused.text;
    EXPECT_EQ(refused.reason(), "Invalid") << c.spec;
    EXPECT_THAT(refused.message(), StartsWith("Service \"web\" is invalid: ")) << c.spec;
    bool found = false;
    const auto* causes = array_at(refused.body, "details.causes");
    ASSERT_NE(causes, nullptr) << c.spec;
    for (const auto& cause : *causes) {
      const auto& object = cause.as_object();
      found =
          found || (text_at(object, "field") == c.field && text_at(object, "message").find(c.message) != std::string::npos);
    }
    EXPECT_TRUE(found) << c.spec << refused.message();
  }
}

TEST(Service, ClassAndFirstAddressStay) {
  Api api;
  (void)api.post(kServices, service("web", R"("loadBalancerClass":"a/b")"));
  EXPECT_THAT(api.merge(kServices + "/web", R"({"spec":{"loadBalancerClass":"a/c"}})").message(),
              HasSubstr("spec.loadBalancerClass: Invalid value: \"a/c\": may not change once set"));
  const auto moved = api.merge(kServices + "/web", R"({"spec":{"clusterIP":"10.43.1.1","clusterIPs":["10.43.1.1"]}})");
  EXPECT_THAT(moved.message(), HasSubstr("spec.clusterIPs[0]"));
  EXPECT_EQ(api.merge(kServices + "/web", R"({"spec":{"type":"ClusterIP"}})").status, 200);
}

TEST(Service, WrongTypesAreABadRequest) {
  Api api;
  const auto refused = api.post(kServices, service("web", R"("ports":[{"port":"80"}])"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.message(), HasSubstr("spec.ports[0].port"));
}

TEST(Service, ADryRunReservesNothing) {
  Api api;
  const auto dry = api.post(kServices + "?dryRun=All", service("web", R"("clusterIP":"10.43.5.5")"));
  EXPECT_EQ(dry.status, 201);
  EXPECT_EQ(dry.at("spec.clusterIP"), "10.43.5.5");
  EXPECT_EQ(api.get(kServices + "/web").status, 404);
  EXPECT_EQ(api.post(kServices, service("other", R"("clusterIP":"10.43.5.5")")).status, 201);
}

TEST(Service, TheClustersOwnServiceIsThereFromTheStart) {
  Api api;
  EXPECT_EQ(api.get(kServices + "/kubernetes").at("spec.clusterIP"), "10.43.0.1");
}

}  // namespace
}  // namespace metallb::apiserver::test
