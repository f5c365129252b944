// Discovery, OpenAPI, authentication, reviews, and the protobuf bodies that kubectl sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/protobuf/decode.hpp"
#include "base/base64.hpp"
#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

std::vector<std::string> resource_names(const Answer& list) {
  std::vector<std::string> out;
  for (const auto& row : *array_at(list.body, "resources")) out.push_back(text_at(row.as_object(), "name"));
  return out;
}

TEST(Discovery, NamesGroupsVersionsAndResources) {
  Api api;
  EXPECT_THAT(texts_at(api.get("/api").body, "versions"), Contains("v1"));
  const auto group = api.get("/apis/metallb.io");
  EXPECT_EQ(group.at("preferredVersion.version"), "v1beta2");
  EXPECT_EQ(array_at(group.body, "versions")->size(), 2U);
  EXPECT_THAT(resource_names(api.get("/api/v1")),
              IsSupersetOf({"services", "services/status", "nodes", "pods", "events", "secrets"}));
  const auto beta = resource_names(api.get("/apis/metallb.io/v1beta1"));
  EXPECT_THAT(beta, IsSupersetOf({"ipaddresspools", "l2advertisements", "bgppeers", "servicel2statuses/status"}));
  EXPECT_THAT(resource_names(api.get("/apis/metallb.io/v1beta2")),
              testing::UnorderedElementsAre("bgppeers", "bgppeers/status"));
  EXPECT_EQ(api.get("/apis/nothing.io").status, 404);
  EXPECT_EQ(api.get("/apis/metallb.io/v9").status, 404);
}

TEST(Discovery, TellsItsVersionAsNumbers) {
  Api api;
  const auto version = api.get("/version");
  EXPECT_EQ(version.at("major"), "1");
  EXPECT_EQ(version.at("minor"), "32");
}

TEST(OpenApi, EveryKindsPatchTakesFieldValidationAndDryRun) {
  Api api;
  const auto document = api.get("/openapi/v3/apis/metallb.io/v1beta1");
  const auto& patch = document.body.at("paths")
                          .at("/apis/metallb.io/v1beta1/namespaces/{namespace}/ipaddresspools/{name}")
                          .at("patch")
                          .as_object();
  EXPECT_EQ(text_at(patch, "x-kubernetes-group-version-kind.kind"), "IPAddressPool");
  std::vector<std::string> parameters;
  for (const auto& parameter : patch.at("parameters").as_array())
    parameters.push_back(text_at(parameter.as_object(), "name"));
  EXPECT_THAT(parameters, IsSupersetOf({"dryRun", "fieldValidation"}));
  EXPECT_THAT(api.get("/openapi/v3").text, HasSubstr("apis/discovery.k8s.io/v1"));
  EXPECT_EQ(api.get("/openapi/v3/apis/nothing/v1").status, 404);
}

TEST(OpenApi, Version2IsAnEmptyDocument) {
  Api api;
  const auto protobuf = api.get("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
  EXPECT_EQ(protobuf.status, 200);
  EXPECT_EQ(protobuf.text, "");
  EXPECT_EQ(api.get("/openapi/v2", "application/json").at("swagger"), "2.0");
}

Options with_token() {
  Options options;
  options.tokens["secret"] = {"admin", "u-1", {"ops"}};
  return options;
}

TEST(Authentication, DemandsATokenWhenThereAreSome) {
  Api api(with_token());
  const auto refused = api.get(kServices);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.reason(), "Unauthorized");
  EXPECT_EQ(api.send("GET", kServices, "", {{"authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(api.send("GET", kServices, "", {{"authorization", "Bearer secret"}}).status, 200);
  EXPECT_EQ(api.send("GET", kServices, "", {{"authorization", "bearer secret"}}).status, 200);
  for (const auto* path : {"/healthz", "/readyz", "/livez"}) EXPECT_EQ(api.get(path).text, "ok");
}

TEST(Reviews, AnswerFromTheTokenTable) {
  Api api(with_token());
  const auto ask = [&api](const std::string& path, const std::string& body) {
    return api.send("POST", path, body, {{"authorization", "Bearer secret"}});
  };
  const std::string tokens = "/apis/authentication.k8s.io/v1/tokenreviews";
  const auto known = ask(tokens, R"({"spec":{"token":"secret"}})");
  EXPECT_EQ(known.status, 201);
  EXPECT_EQ(flag_at(known.body, "status.authenticated"), true);
  EXPECT_EQ(known.at("status.user.username"), "admin");
  EXPECT_THAT(texts_at(known.body, "status.user.groups"), Contains("ops"));
  EXPECT_EQ(flag_at(ask(tokens, R"({"spec":{"token":"x"}})").body, "status.authenticated"), false);
  const std::string access = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  EXPECT_EQ(flag_at(ask(access, R"({"spec":{"user":"admin"}})").body, "status.allowed"), true);
  EXPECT_EQ(flag_at(ask(access, R"({"spec":{"user":"eve"}})").body, "status.allowed"), false);
}

/// Protocol Buffers, length-delimited: tag, length, bytes.
std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string varint(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}
std::string envelope(const std::string& version, const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + field(1, field(1, version) + field(2, kind)) + field(2, raw) + field(3, "") +
         field(4, "");
}

TEST(Protobuf, ServicesAreReadAsKubectlSendsThem) {
  const auto port = field(1, "http") + field(2, "TCP") + varint(3, 80) +
                    field(4, varint(1, 0) + varint(2, 88) + field(3, "")) + varint(5, 0);
  const auto metadata = field(1, "web") + field(2, "") + field(8, "") + field(11, field(1, "app") + field(2, "x"));
  const auto spec = field(1, port) + field(2, field(1, "app") + field(2, "x")) + field(3, "") + field(4, "LoadBalancer");
  Api api;
  const auto made =
      api.send("POST", kServices, envelope("v1", "Service", field(1, metadata) + field(2, spec) + field(3, field(1, ""))),
               {{"content-type", "application/vnd.kubernetes.protobuf"}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("spec.type"), "LoadBalancer");
  EXPECT_EQ(made.at("metadata.labels.app"), "x");
  const auto& first = array_at(made.body, "spec.ports")->at(0).as_object();
  EXPECT_EQ(number_at(first, "port"), 80);
  EXPECT_EQ(number_at(first, "targetPort"), 88);
}

TEST(Protobuf, SecretsBecomeBase64) {
  std::string error;
  const auto object =
      protobuf::decode(envelope("v1", "Secret", field(2, field(1, "k") + field(2, std::string("\xff\0", 2)))), error);
  ASSERT_TRUE(object) << error;
  EXPECT_EQ(text_at(*object, "data.k"), "/wA=");
}

TEST(Protobuf, NothingThatWasSetIsDroppedInSilence) {
  std::string error;
  EXPECT_TRUE(protobuf::decode(envelope("v1", "ConfigMap", field(9, "") + varint(10, 0) + field(11, field(1, ""))), error));
  for (const auto& raw : {field(9, "x"), varint(10, 1), field(11, field(1, "x"))}) {
    EXPECT_FALSE(protobuf::decode(envelope("v1", "ConfigMap", raw), error));
    EXPECT_THAT(error, HasSubstr("of ConfigMap is not known to this server in protobuf"));
  }
}

TEST(Protobuf, MalformedBodiesAreRefused) {
  std::string error;
  const auto whole = envelope("v1", "ConfigMap", field(1, field(1, "name")));
  ASSERT_TRUE(protobuf::decode(whole, error)) << error;
  // The last four bytes are empty fields, the ten before them the object.
  for (std::size_t cut = 1; cut < 10; ++cut) {
    EXPECT_FALSE(protobuf::decode(whole.substr(0, whole.size() - 4 - cut), error)) << cut;
  }
  EXPECT_FALSE(protobuf::decode(envelope("v1", "Volcano", ""), error));
  EXPECT_FALSE(protobuf::decode(envelope("v1", "ConfigMap", field(1, field(1, "\xff"))), error)) << "no UTF-8";
}

TEST(Base64, RoundTripsAndRefusesOtherText) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(encode_base64(plain), text);
    EXPECT_EQ(decode_base64(text), plain);
  }
  for (const auto* text : {"Zg=", "Z===", "Zg==Zg==", "Zm9*", "Zm 9"}) EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace metallb::apiserver::test
