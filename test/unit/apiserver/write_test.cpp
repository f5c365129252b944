#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Write, CreateSetsWhatTheServerOwns) {
  Api api;
  const auto made = api.post(kConfigMaps, R"({"apiVersion":"v1","kind":"ConfigMap","data":{"k":"v"},"own":{"x":[1,null]},
    "metadata":{"name":"c","uid":"mine","managedFields":[{}],"creationTimestamp":null,"generation":7}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_THAT(made.at("metadata.uid"), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(made.at("metadata.creationTimestamp"), "2026-09-21T14:13:20Z");
  EXPECT_EQ(made.at("metadata.namespace"), "default");
  EXPECT_EQ(find(made.body, "metadata.managedFields"), nullptr);
  EXPECT_EQ(find(made.body, "metadata.generation"), nullptr);
  EXPECT_NE(find(made.body, "own.x"), nullptr) << "unknown fields survive";
}

TEST(Write, CreateTwiceAlreadyExists) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  const auto again = api.post(kConfigMaps, config_map("c"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.reason(), "AlreadyExists");
  EXPECT_EQ(again.message(), "configmaps \"c\" already exists");
}

TEST(Write, GenerateNameAddsFiveCharacters) {
  Api api;
  const auto body = R"({"metadata":{"generateName":"l2-"},"spec":{}})";
  const std::string statuses = "/apis/metallb.io/v1beta1/namespaces/default/servicel2statuses";
  const auto a = api.post(statuses, body);
  const auto b = api.post(statuses, body);
  EXPECT_THAT(a.at("metadata.name"), MatchesRegex("l2-[a-z0-9]{5}"));
  EXPECT_NE(a.at("metadata.name"), b.at("metadata.name"));
}

struct RefusedCase {
  const char* path;
  const char* body;
  int status;
  const char* message;
};

TEST(Write, RefusesCreatesAsARealServerDoes) {
  const RefusedCase cases[] = {
      {"/api/v1/namespaces/nowhere/configmaps", R"({"metadata":{"name":"c"}})", 404, "namespaces \"nowhere\" not found"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c","namespace":"other"}})", 400,
       "the namespace of the provided object does not match the namespace sent on the request"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"C"}})", 422, "a lowercase RFC 1123 subdomain"},
      {"/api/v1/namespaces/default/services", R"({"metadata":{"name":"9a"},"spec":{"ports":[{"port":1}]}})", 422,
       "a DNS-1035 label"},
      {"/api/v1/namespaces", R"({"metadata":{"name":"a.b"}})", 422, "a lowercase RFC 1123 label"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{}})", 422, "name or generateName is required"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c","resourceVersion":"4"}})", 400,
       "resourceVersion should not be set on objects to be created"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c","labels":{"a":"-"}}})", 422, "metadata.labels"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c","labels":{"a":1}}})", 400, "metadata.labels.a"},
      {"/api/v1/namespaces/default/configmaps", R"({"kind":"Secret","metadata":{"name":"c"}})", 400, "Secret"},
      {"/api/v1/namespaces/default/configmaps", R"({"apiVersion":"v2","metadata":{"name":"c"}})", 400,
       "the API version in the data (v2) does not match the expected API version (v1)"},
      {"/api/v1/namespaces/default/configmaps", R"({"metadata":)", 400, "couldn't parse"},
      {"/api/v1/namespaces/default/configmaps", R"([])", 400, "must be a JSON object"},
      {"/api/v1/namespaces/default/nothings", R"({})", 404, "the server could not find the requested resource"},
      {"/api/v1/configmaps", R"({"metadata":{"name":"c"}})", 405, "does not allow this method"},
      {"/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools", R"({"metadata":{"name":"p"}})", 422,
       "spec: Required value"},
      {"/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools", R"({"metadata":{"name":"p"},"spec":{}})", 422,
       "spec.addresses: Required value"},
      {"/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools", R"({"metadata":{"name":"p"},"spec":{"addresses":[1]}})",
       422, "spec.addresses[0]: Invalid value: \"integer\": spec.addresses[0] in body must be of type string"},
      {"/apis/metallb.io/v1beta1/namespaces/default/bfdprofiles",
       R"({"metadata":{"name":"p"},"spec":{"receiveInterval":9}})", 422, "should be greater than or equal to 10"},
      {"/apis/metallb.io/v1beta2/namespaces/default/bgppeers",
       R"({"metadata":{"name":"p"},"spec":{"myASN":1,"dynamicASN":"x"}})", 422,
       R"(supported values: "internal", "external")"},
      {"/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{}})", 422, "spec.containers: Required value"},
  };
  for (const auto& c : cases) {
    Api api;
    const auto refused = api.post(c.path, c.body);
    EXPECT_EQ(refused.status, c.status) << c.path << c.body << refused.text;
    EXPECT_THAT(refused.message(), HasSubstr(c.message)) << c.body;
    EXPECT_EQ(refused.at("kind"), "Status");
    EXPECT_EQ(number_at(refused.body, "code"), c.status);
  }
}

TEST(Write, CustomResourcesGetTheirSchemasDefaults) {
  Api api;
  const auto made = api.post(kPools, pool("p"));
  EXPECT_EQ(flag_at(made.body, "spec.autoAssign"), true);
  EXPECT_EQ(flag_at(made.body, "spec.avoidBuggyIPs"), false);
  const auto peer =
      api.post("/apis/metallb.io/v1beta2/namespaces/default/bgppeers", R"({"metadata":{"name":"p"},"spec":{"myASN":1}})");
  EXPECT_EQ(number_at(peer.body, "spec.peerPort"), 179);
}

TEST(Write, PeersAreServedInBothVersions) {
  Api api;
  const std::string old_path = "/apis/metallb.io/v1beta1/namespaces/default/bgppeers";
  const auto made = api.post(old_path, R"({"apiVersion":"metallb.io/v1beta1","metadata":{"name":"p"},
    "spec":{"myASN":1,"peerASN":2,"peerAddress":"10.0.0.1"}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("apiVersion"), "metallb.io/v1beta1");
  const auto read = api.get("/apis/metallb.io/v1beta2/namespaces/default/bgppeers/p");
  EXPECT_EQ(read.at("apiVersion"), "metallb.io/v1beta2");
  EXPECT_EQ(read.at("spec.peerAddress"), "10.0.0.1");
  EXPECT_EQ(api.merge(old_path + "/p", R"({"spec":{"vrf":"red"}})").status, 200);
}

TEST(Write, AStaleUpdateConflicts) {
  Api api;
  auto first = api.post(kConfigMaps, config_map("c")).body;
  auto second = first;
  object_in(first, "data")["k"] = "1";
  object_in(second, "data")["k"] = "2";
  EXPECT_EQ(api.put(kConfigMaps + "/c", first).status, 200);
  const auto stale = api.put(kConfigMaps + "/c", second);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.reason(), "Conflict");
  EXPECT_EQ(
      stale.message(),
      "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the "
      "latest version and try again");
  EXPECT_EQ(api.get(kConfigMaps + "/c").at("data.k"), "1");
}

TEST(Write, AnUpdateWithoutVersionIsUnconditional) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  EXPECT_EQ(api.put(kConfigMaps + "/c", R"({"metadata":{"name":"c"},"data":{"k":"9"}})").at("data.k"), "9");
}

TEST(Write, AnotherUidConflicts) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  const auto refused = api.merge(kConfigMaps + "/c", R"({"metadata":{"uid":"other"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.message(), HasSubstr("UID in precondition: other"));
}

TEST(Write, AnUpdateThatChangesNothingSpendsNoVersion) {
  Api api;
  const auto made = api.post(kConfigMaps, config_map("c"));
  const auto same = api.put(kConfigMaps + "/c", made.body);
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.at("metadata.resourceVersion"), made.at("metadata.resourceVersion"));
}

TEST(Write, GenerationCountsSpecChangesOnly) {
  Api api;
  EXPECT_EQ(number_at(api.post(kPools, pool("p")).body, "metadata.generation"), 1);
  EXPECT_EQ(number_at(api.merge(kPools + "/p", R"({"metadata":{"labels":{"a":"b"}}})").body, "metadata.generation"), 1);
  EXPECT_EQ(number_at(api.merge(kPools + "/p", R"({"spec":{"autoAssign":false}})").body, "metadata.generation"), 2);
  const auto status = api.merge(kPools + "/p/status",
                                R"({"status":{"assignedIPv4":1,"assignedIPv6":0,"availableIPv4":2,"availableIPv6":0}})");
  EXPECT_EQ(number_at(status.body, "metadata.generation"), 2);
  EXPECT_EQ(number_at(status.body, "status.assignedIPv4"), 1);
}

TEST(Write, TheMainResourceLeavesStatusAlone) {
  Api api;
  const auto made = api.post(kServices, R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":1}]},
    "status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}})");
  EXPECT_EQ(array_at(made.body, "status.loadBalancer.ingress"), nullptr);
  const auto patched = api.merge(kServices + "/s", R"({"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}})");
  EXPECT_EQ(array_at(patched.body, "status.loadBalancer.ingress"), nullptr);
}

TEST(Write, AServicesStatusTakesAnnotationsAlongButNoSpec) {
  Api api;
  (void)api.post(kServices, service("s"));
  const auto patched =
      api.merge(kServices + "/s/status", R"({"metadata":{"annotations":{"metallb.io/ip-allocated-from-pool":"p"}},
    "spec":{"loadBalancerIP":"1.2.3.4"},"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}})");
  ASSERT_EQ(patched.status, 200) << patched.text;
  EXPECT_EQ(map_at(patched.body, "metadata.annotations").at("metallb.io/ip-allocated-from-pool"), "p");
  EXPECT_EQ(patched.at("spec.loadBalancerIP"), "");
  EXPECT_EQ(json::serialize(*find(patched.body, "status.loadBalancer.ingress")), R"([{"ip":"10.0.0.1","ipMode":"VIP"}])");
}

TEST(Write, ACustomResourcesStatusTakesNothingElse) {
  Api api;
  (void)api.post(kPools, pool("p"));
  const auto patched = api.merge(kPools + "/p/status", R"({"metadata":{"labels":{"a":"b"}},"spec":{"addresses":[]},
    "status":{"assignedIPv4":1,"assignedIPv6":0,"availableIPv4":2,"availableIPv6":0}})");
  EXPECT_EQ(object_at(patched.body, "metadata.labels"), nullptr);
  EXPECT_EQ(texts_at(patched.body, "spec.addresses").size(), 1U);
}

TEST(Write, NodesAndPodsKeepTheStatusThatTheyAreCreatedWith) {
  Api api;
  const auto node = api.post(
      "/api/v1/nodes", R"({"metadata":{"name":"n"},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}})");
  EXPECT_NE(array_at(node.body, "status.addresses"), nullptr);
  const auto pod =
      api.post("/api/v1/namespaces/default/pods",
               R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running"}})");
  EXPECT_EQ(pod.at("status.phase"), "Running");
}

TEST(Write, SecretsTakeTextAndKeepBase64) {
  Api api;
  const auto made =
      api.post("/api/v1/namespaces/default/secrets", R"({"metadata":{"name":"s"},"stringData":{"password":"hunter2"}})");
  EXPECT_EQ(made.at("data.password"), "aHVudGVyMg==");
  EXPECT_EQ(find(made.body, "stringData"), nullptr);
  EXPECT_EQ(made.at("type"), "Opaque");
}

TEST(Write, YamlBodiesAreRefusedClearly) {
  Api api;
  const auto refused = api.send("POST", kConfigMaps, "metadata: {name: c}", {{"content-type", "application/yaml"}});
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(refused.reason(), "UnsupportedMediaType");
}

TEST(Write, ABodyBeyondTheLimitIsRefused) {
  Api api;
  EXPECT_EQ(api.post(kConfigMaps, std::string((3U << 20U) + 1, ' ')).status, 413);
}

TEST(Write, ADryRunWithAnotherValueIsAMistake) {
  Api api;
  EXPECT_EQ(api.post(kConfigMaps + "?dryRun=Some", config_map("c")).status, 400);
}

}  // namespace
}  // namespace metallb::apiserver::test
