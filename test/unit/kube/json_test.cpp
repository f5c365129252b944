// The mapper between JSON and described structs (kube/json.hpp).
#include "kube/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <boost/json.hpp>

#include "kube/resource.hpp"

namespace metallb::kube {
namespace {

TEST(JsonDecode, ReadsNestedMembersListsAndMaps) {
  const auto service = decode_text<Service>(R"({
    "apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop", "generation": 7, "labels": {"app": "web"}},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": "http"}, {"port": 443, "protocol": "UDP"}],
             "ipFamilies": ["IPv4", "IPv6"], "loadBalancerClass": ""},
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})");
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  EXPECT_EQ(service->metadata.key(), (ObjectKey{"shop", "web"}));
  EXPECT_EQ(service->metadata.generation, 7);
  EXPECT_EQ(service->metadata.labels, (StringMap{{"app", "web"}}));
  ASSERT_EQ(service->spec.ports.size(), 2U);
  EXPECT_EQ(service->spec.ports[0].port, 80);
  EXPECT_EQ(service->spec.ports[0].protocol, "");
  EXPECT_EQ(service->spec.ports[1].protocol, "UDP");
  EXPECT_EQ(service->spec.ipFamilies, (std::vector<std::string>{"IPv4", "IPv6"}));
  EXPECT_EQ(service->spec.loadBalancerClass, "");
  ASSERT_EQ(service->status.loadBalancer.ingress.size(), 1U);
  EXPECT_EQ(service->status.loadBalancer.ingress[0].ip, "192.0.2.1");
}

TEST(JsonDecode, AMapOfManyKeysCostsTheSameInWhateverOrder) {
  // Sorted insertion of so many, one by one, would take minutes.
  boost::json::object labels;
  for (int i = 300'000; i > 0; --i) labels["key" + std::to_string(1'000'000 + i)] = "v";
  const auto pod = decode<Pod>(boost::json::object{{"metadata", boost::json::object{{"labels", std::move(labels)}}}});
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(pod->metadata.labels.size(), 300'000U);
  EXPECT_EQ(pod->metadata.labels.begin()->first, "key1000001");
}

TEST(JsonDecode, KeepsDefaultsForMissingAndNullMembersAndIgnoresUnknownOnes) {
  const auto pool = decode_text<IPAddressPool>(
      R"({"metadata": null, "spec": {"addresses": null, "autoAssign": null, "avoidBuggyIPs": null, "shape": [1, {"x": 2}]}, "more": 1})");
  ASSERT_TRUE(pool.has_value()) << pool.error().to_string();
  EXPECT_EQ(*pool, IPAddressPool{});
}

TEST(JsonDecode, TakesTheTrailingUnderscoreOffCxxKeywords) {
  const auto selector =
      decode_text<LabelSelector>(R"({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]})");
  ASSERT_TRUE(selector.has_value());
  EXPECT_EQ(selector->matchExpressions.at(0).operator_, "In");
}

TEST(JsonDecode, ReadsANullInAMapAsAnEmptyString) {
  const auto selector = decode_text<LabelSelector>(R"({"matchLabels": {"a": null}})");
  ASSERT_TRUE(selector.has_value());
  EXPECT_EQ(selector->matchLabels, (StringMap{{"a", ""}}));
}

struct BadInput {
  const char* text;
  const char* error;
};
class JsonDecodeError : public testing::TestWithParam<BadInput> {};

TEST_P(JsonDecodeError, NamesThePath) {
  const auto service = decode_text<Service>(GetParam().text);
  ASSERT_FALSE(service.has_value());
  EXPECT_EQ(service.error().to_string(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonDecodeError,
    testing::Values(
        BadInput{R"({"spec": {"ports": [{"port": "80"}]}})", "spec.ports[0].port: expected a number, found a string"},
        BadInput{R"({"spec": {"ports": [{"port": 1}, {"port": true}]}})",
                 "spec.ports[1].port: expected a number, found a boolean"},
        BadInput{R"({"spec": {"ports": {}}})", "spec.ports: expected a list, found an object"},
        BadInput{R"({"spec": {"ports": [{"port": 2147483648}]}})", "spec.ports[0].port: number out of range"},
        BadInput{R"({"spec": {"ports": [{"port": -2147483649}]}})", "spec.ports[0].port: number out of range"},
        BadInput{R"({"spec": {"ports": [{"port": 18446744073709551615}]}})", "spec.ports[0].port: number out of range"},
        BadInput{R"({"spec": {"ports": [{"port": 1e300}]}})", "spec.ports[0].port: number out of range"},
        BadInput{R"({"spec": {"ports": [{"port": 80.5}]}})", "spec.ports[0].port: expected an integer, found a fraction"},
        BadInput{R"({"metadata": {"labels": {"app.io/x": 1}}})",
                 "metadata.labels.app.io/x: expected a string, found a number"},
        BadInput{R"({"metadata": {"generation": 9223372036854775808}})", "metadata.generation: number out of range"},
        BadInput{R"({"spec": {"ipFamilies": "IPv4"}})", "spec.ipFamilies: expected a list, found a string"},
        BadInput{R"([])", "expected an object, found a list"}, BadInput{R"(null)", "expected an object, found null"}));

TEST(JsonDecode, ReportsTextThatIsNotJsonWithoutAPath) {
  for (const auto* text : {"", "{", "{\"a\":}", "{} {}", "\xff"}) {
    const auto service = decode_text<Service>(text);
    ASSERT_FALSE(service.has_value()) << text;
    EXPECT_EQ(service.error().path, "");
    EXPECT_TRUE(service.error().message.starts_with("not JSON: ")) << service.error().message;
  }
}

TEST(JsonDecode, TakesTheExtremesOfEachNumberType) {
  const auto service = decode_text<Service>(
      R"({"metadata": {"generation": -9223372036854775808}, "spec": {"ports": [{"port": 2147483647}, {"port": -2147483648}]}})");
  ASSERT_TRUE(service.has_value()) << service.error().to_string();
  EXPECT_EQ(service->metadata.generation, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(service->spec.ports[0].port, 2147483647);
  EXPECT_EQ(service->spec.ports[1].port, std::numeric_limits<std::int32_t>::min());
}

TEST(JsonDecode, TakesAWholeNumberWrittenAsAFraction) {
  const auto lease = decode_text<Lease>(R"({"spec": {"leaseDurationSeconds": 15.0}})");
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->spec.leaseDurationSeconds, 15);
}

TEST(JsonEncode, OmitsWhatIsEmptyAndAlwaysWritesNumbersAndBooleans) {
  IPAddressPool pool;
  pool.metadata.name = "lan";
  pool.metadata.namespace_ = "metallb-system";
  pool.spec.addresses = {"192.0.2.0/28"};
  EXPECT_EQ(boost::json::serialize(encode(pool)),
            R"({"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool",)"
            R"("metadata":{"name":"lan","namespace":"metallb-system"},)"
            R"("spec":{"addresses":["192.0.2.0/28"],"avoidBuggyIPs":false},)"
            R"("status":{"assignedIPv4":0,"assignedIPv6":0,"availableIPv4":0,"availableIPv6":0}})");
}

TEST(JsonEncode, GivesShapesThatAreNoKindNeitherApiVersionNorKind) {
  EXPECT_EQ(encode_text(LabelSelector{{{"a", "b"}}, {}}), R"({"matchLabels":{"a":"b"}})");
}

TEST(JsonEncode, WritesAPresentOptionalEvenWhenItsValueIsEmpty) {
  Service service;
  service.spec.loadBalancerClass = "";
  const auto json = encode(service);
  ASSERT_TRUE(json.at("spec").as_object().contains("loadBalancerClass"));
  EXPECT_EQ(decode<Service>(json)->spec.loadBalancerClass, "");
}

TEST(JsonEncode, EscapesText) {
  ConfigMap map;
  map.data = {{"k", "line\n\"quoted\" \x01"}};
  const auto back = decode_text<ConfigMap>(encode_text(map));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->data, map.data);
}

rc::Gen<std::string> word() {
  return rc::gen::container<std::string>(rc::gen::inRange('a', 'g'));
}

rc::Gen<ServicePort> service_port() {
  return rc::gen::build<ServicePort>(rc::gen::set(&ServicePort::protocol, word()), rc::gen::set(&ServicePort::port));
}

RC_GTEST_PROP(JsonRoundTrip, BringsAServiceBackUnchanged, ()) {
  Service service;
  service.metadata.name = *word();
  service.metadata.namespace_ = *word();
  if (*rc::gen::arbitrary<bool>()) service.metadata.generation = *rc::gen::arbitrary<std::int64_t>();
  service.metadata.labels = *rc::gen::container<StringMap>(word(), word());
  service.metadata.annotations = *rc::gen::container<StringMap>(word(), word());
  service.spec.ports = *rc::gen::container<std::vector<ServicePort>>(service_port());
  service.spec.ipFamilies = *rc::gen::container<std::vector<std::string>>(word());
  if (*rc::gen::arbitrary<bool>()) service.spec.loadBalancerClass = *word();
  for (auto& ip : *rc::gen::container<std::vector<std::string>>(word())) {
    service.status.loadBalancer.ingress.push_back({ip, {}});
  }
  const auto from_value = decode<Service>(encode(service));
  RC_ASSERT(from_value.has_value());
  RC_ASSERT(*from_value == service);
  const auto from_text = decode_text<Service>(encode_text(service));
  RC_ASSERT(from_text.has_value());
  RC_ASSERT(*from_text == service);
}

template <class T>
class EveryKind : public testing::Test {};
using Kinds = testing::Types<Service, EndpointSlice, Node, Namespace, Pod, Secret, ConfigMap, Event, Lease, IPAddressPool,
                             L2Advertisement, BGPAdvertisement, BGPPeer, BFDProfile, Community, ServiceL2Status,
                             ServiceBGPStatus, ConfigurationState>;
TYPED_TEST_SUITE(EveryKind, Kinds);

TYPED_TEST(EveryKind, RoundTripsWithItsNameAndNamesItself) {
  TypeParam object;
  object.metadata.name = "x";
  object.metadata.resourceVersion = "12";
  const auto json = encode(object);
  EXPECT_EQ(json.at("kind").as_string(), std::string(resource_of<TypeParam>().kind));
  EXPECT_EQ(json.at("apiVersion").as_string(), resource_of<TypeParam>().api_version());
  const auto back = decode<TypeParam>(json);
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  EXPECT_EQ(*back, object);
}

TEST(ResourcePath, FollowsGroupScopeAndSubresource) {
  EXPECT_EQ(resource_of<Service>().path(""), "/api/v1/services");
  EXPECT_EQ(resource_of<Service>().path("shop"), "/api/v1/namespaces/shop/services");
  EXPECT_EQ(resource_of<Service>().path(ObjectKey{"shop", "web"}, "status"), "/api/v1/namespaces/shop/services/web/status");
  EXPECT_EQ(resource_of<Node>().path("ignored"), "/api/v1/nodes");
  EXPECT_EQ(resource_of<Node>().path(ObjectKey{"", "n1"}), "/api/v1/nodes/n1");
  EXPECT_EQ(resource_of<EndpointSlice>().path("a"), "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices");
  EXPECT_EQ(resource_of<Lease>().path(""), "/apis/coordination.k8s.io/v1/leases");
  EXPECT_EQ(resource_of<BGPPeer>().api_version(), "metallb.io/v1beta2");
  EXPECT_EQ(resource_of<ServiceL2Status>().path("m"), "/apis/metallb.io/v1beta1/namespaces/m/servicel2statuses");
  EXPECT_EQ(resource_of<ServiceBGPStatus>().plural, "servicebgpstatuses");
}

}  // namespace
}  // namespace metallb::kube
