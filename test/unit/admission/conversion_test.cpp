// BGPPeer between its versions: rows tW16 to tW18 of controller spec 7.12, and section 6.5.
#include "admission/conversion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json/serialize.hpp>

#include "admission/peer_versions.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

json::value text_as_json(const std::string& text) {
  const auto parsed = kube::parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(json::value());
}

json::value peer_of(std::string_view version, const std::string& spec, const std::string& annotations = {}) {
  return text_as_json(R"({"apiVersion":")" + std::string(version) +
                      R"(","kind":"BGPPeer","metadata":{"name":"r","namespace":"metallb-system","uid":"u")" +
                      (annotations.empty() ? "" : R"(,"annotations":)" + annotations) + R"(},"spec":)" + spec + "}");
}

const std::string kRequired = R"("myASN":1,"peerASN":2,"peerAddress":"10.0.0.1")";

struct Conversion {
  const char* row;
  std::string from;
  std::string to;
};

void convert_and_compare(std::string_view from, std::string_view to, const Conversion& row) {
  SCOPED_TRACE(row.row);
  const auto converted = convert_peer(peer_of(from, row.from), to);
  ASSERT_TRUE(converted) << converted.error();
  EXPECT_EQ(json::serialize(*converted), json::serialize(peer_of(to, row.to)));
}

TEST(PeerConversion, ToTheNewVersion) {
  const std::string all =
      R"({"myASN":1,"peerASN":2,"peerAddress":"10.0.0.1","sourceAddress":"10.0.0.2","peerPort":1179,)"
      R"("holdTime":"1m30s","keepaliveTime":"30s","routerID":"10.0.0.3","password":"p","bfdProfile":"b",)"
      R"("ebgpMultiHop":true,"nodeSelectors":[{"matchLabels":{"a":"b"},"matchExpressions":)"
      R"([{"key":"k","operator":"In","values":["v"]}]},{}]})";
  const Conversion rows[] = {
      {"tW16", all, all},
      {"tW18 decided otherwise: absent stays absent", "{" + kRequired + "}", "{" + kRequired + "}"},
      {"explicit zeros are meant", "{" + kRequired + R"(,"holdTime":"0s","keepaliveTime":"0s"})",
       "{" + kRequired + R"(,"holdTime":"0s","keepaliveTime":"0s"})"},
      {"port 0 is no port", "{" + kRequired + R"(,"peerPort":0})", "{" + kRequired + "}"},
      {"fields that it does not have", "{" + kRequired + R"(,"vrf":"red","colour":"red"})", "{" + kRequired + "}"},
  };
  for (const auto& row : rows) convert_and_compare(kPeerV1beta1, kPeerV1beta2, row);
}

TEST(PeerConversion, ToTheOldVersion) {
  const Conversion rows[] = {
      {"unset timers stay unset", "{" + kRequired + R"(,"disableMP":false,"dualStackAddressFamily":false})",
       "{" + kRequired + "}"},
      {"expressions without values",
       "{" + kRequired + R"(,"nodeSelectors":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}]})",
       "{" + kRequired + R"(,"nodeSelectors":[{"matchExpressions":[{"key":"k","operator":"Exists","values":[]}]}]})"},
  };
  for (const auto& row : rows) convert_and_compare(kPeerV1beta2, kPeerV1beta1, row);
}

TEST(PeerConversion, TW17WhatTheOldVersionLacksTravelsInAnAnnotation) {
  // The Secret is no field of v1beta1; neither are interface and dynamicASN, whose counterparts are required there.
  const auto old = convert_peer(
      peer_of(kPeerV1beta2, R"({"myASN":1,"dynamicASN":"external","interface":"eth1","passwordSecret":{"name":"s"}})"),
      kPeerV1beta1);
  ASSERT_TRUE(old) << old.error();
  EXPECT_EQ(*old, peer_of(kPeerV1beta1, R"({"myASN":1,"peerASN":0,"peerAddress":""})",
                          R"({"metallb.io/v1beta2-fields":)"
                          R"("{\"dynamicASN\":\"external\",\"interface\":\"eth1\",\"passwordSecret\":{\"name\":\"s\"}}"})"));
}

TEST(PeerConversion, WhatIsSaidInTheOldVersionWins) {
  const std::string fields = R"({"metallb.io/v1beta2-fields":)"
                             R"("{\"dynamicASN\":\"external\",\"interface\":\"eth1\",\"passwordSecret\":{\"name\":\"s\"},)"
                             R"(\"vrf\":\"red\",\"localASN\":\"7\",\"colour\":1}","kept":"yes"})";
  const auto fresh = convert_peer(peer_of(kPeerV1beta1, "{" + kRequired + R"(,"password":"p"})", fields), kPeerV1beta2);
  ASSERT_TRUE(fresh) << fresh.error();
  EXPECT_EQ(*fresh, peer_of(kPeerV1beta2, "{" + kRequired + R"(,"password":"p","vrf":"red"})", R"({"kept":"yes"})"));
  const auto nonsense =
      convert_peer(peer_of(kPeerV1beta1, "{" + kRequired + "}", R"({"metallb.io/v1beta2-fields":"no JSON"})"), kPeerV1beta2);
  EXPECT_EQ(nonsense, peer_of(kPeerV1beta2, "{" + kRequired + "}"));
}

TEST(PeerConversion, ThereAndBackNothingIsLost) {
  EXPECT_TRUE(rc::check("v1beta2 -> v1beta1 -> v1beta2", [] {
    json::object spec{{"myASN", 1}};
    const auto maybe = [&](const char* name, const json::value& value) {
      if (*rc::gen::arbitrary<bool>()) spec[name] = value;
    };
    maybe("holdTime", "90s");
    maybe("keepaliveTime", "0s");
    maybe("connectTime", "10s");
    maybe("localASN", 7);
    maybe("vrf", "red");
    maybe("enableGracefulRestart", *rc::gen::arbitrary<bool>());
    maybe("dualStackAddressFamily", true);
    maybe("disableMP", true);
    maybe("peerPort", 1790);
    maybe("ebgpMultiHop", false);
    if (*rc::gen::arbitrary<bool>()) {
      spec["password"] = "p";
    } else {
      spec["passwordSecret"] = {{"name", "s"}, {"namespace", "n"}};
    }
    if (*rc::gen::arbitrary<bool>()) {
      spec["peerASN"] = 2;
    } else {
      spec["dynamicASN"] = "internal";
    }
    if (*rc::gen::arbitrary<bool>()) {
      spec["peerAddress"] = "10.0.0.1";
    } else {
      spec["interface"] = "eth0";
    }
    const auto annotations = *rc::gen::element<std::string>("", R"({"a":"b"})");
    const auto original = peer_of(kPeerV1beta2, json::serialize(spec), annotations);
    const auto old = convert_peer(original, kPeerV1beta1);
    RC_ASSERT(old.has_value());
    const auto back = convert_peer(*old, kPeerV1beta2);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == original);
  }));
}

TEST(ConversionReview, IsAnsweredInItsVersionWithAllObjectsInOrder) {
  for (const std::string version : {"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"}) {
    const auto old = json::serialize(peer_of(kPeerV1beta1, "{" + kRequired + R"(,"holdTime":"9s"})"));
    const auto current = json::serialize(peer_of(kPeerV1beta2, "{" + kRequired + R"(,"vrf":"red"})"));
    const auto answer =
        answer_conversion(R"({"apiVersion":")" + version + R"(","kind":"ConversionReview","request":{"uid":"7",)" +
                          R"("desiredAPIVersion":"metallb.io/v1beta2","objects":[)" + old + "," + current + "]}}");
    ASSERT_TRUE(answer) << answer.error();
    auto converted = text_as_json(old);
    converted.as_object()["apiVersion"] = "metallb.io/v1beta2";
    EXPECT_EQ(text_as_json(*answer),
              text_as_json(R"({"kind":"ConversionReview","apiVersion":")" + version +
                           R"(","response":{"uid":"7","convertedObjects":[)" + json::serialize(converted) + "," + current +
                           R"(],"result":{"status":"Success"}}})"));
  }
}

TEST(ConversionReview, OneObjectThatCannotBeConvertedFailsTheReview) {
  struct Case {
    const char* wanted;
    std::string object;
    const char* message;
  };
  const Case cases[] = {
      {"metallb.io/v1beta3", json::serialize(peer_of(kPeerV1beta1, "{}")), "no version \"metallb.io/v1beta3\""},
      {"metallb.io/v1beta2", json::serialize(peer_of("metallb.io/v1", "{}")), "BGPPeer metallb-system/r: unknown version"},
      {"metallb.io/v1beta2", json::serialize(peer_of(kPeerV1beta1, "[]")), "spec: expected an object"},
      {"metallb.io/v1beta2", json::serialize(peer_of(kPeerV1beta1, R"({"nodeSelectors":7})")), "spec.nodeSelectors"},
      {"metallb.io/v1beta2", R"({"apiVersion":"metallb.io/v1beta1","kind":"Community"})", "kind is \"Community\""},
      {"metallb.io/v1beta2", "7", "no JSON object"},
  };
  for (const auto& each : cases) {
    const auto answer = answer_conversion(
        R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"7","desiredAPIVersion":")" +
        std::string(each.wanted) + R"(","objects":[)" + json::serialize(peer_of(kPeerV1beta2, "{}")) + "," + each.object +
        "]}}");
    ASSERT_TRUE(answer);
    const auto parsed = text_as_json(*answer);
    const auto& response = parsed.at("response");
    EXPECT_EQ(response.at("uid"), "7");
    EXPECT_TRUE(response.at("convertedObjects").as_array().empty());
    EXPECT_EQ(response.at("result").at("status"), "Failure");
    EXPECT_THAT(std::string(response.at("result").at("message").as_string()), HasSubstr(each.message));
  }
  for (const std::string text : {"", "[]", "{}", R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview"})",
                                 R"({"apiVersion":"x/v1","kind":"ConversionReview","request":{}})"}) {
    EXPECT_FALSE(answer_conversion(text)) << text;
  }
}

}  // namespace
}  // namespace metallb::admission
