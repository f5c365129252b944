#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/patches/json_patch.hpp"
#include "apiserver/patches/strategic_merge.hpp"
#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::HasSubstr;

struct PatchCase {
  const char* document;
  const char* patch;
  const char* expected;  ///< null: refused
};

json::value read(const char* text) {
  std::string error;
  return parse(text, error).value();
}

TEST(JsonPatch, DoesTheExamplesOfRfc6902) {
  const PatchCase cases[] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])", R"({"baz":"qux","foo":"bar"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])", R"({"foo":["bar","qux","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])", R"({"baz":"boo","foo":"bar"})"},
      {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
       R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
       R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
      {R"({"foo":["all","grass","cows","eat"]})", R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
       R"({"foo":["all","cows","eat","grass"]})"},
      {R"({"baz":"qux","foo":["a",2,"c"]})",
       R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
       R"({"baz":"qux","foo":["a",2,"c"]})"},
      {R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])", nullptr},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
       R"({"foo":"bar","child":{"grandchild":{}}})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])", nullptr},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])", R"({"foo":["bar",["abc","def"]]})"},
      {R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
      {R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])", nullptr},
      {R"({"a":[1]})", R"([{"op":"replace","path":"/a/01","value":2}])", nullptr},
      {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])", nullptr},
      {R"({"a":1})", R"([{"op":"remove","path":"/b"}])", nullptr},
      {R"({"a":1})", R"([{"op":"melt","path":"/a"}])", nullptr},
      {R"({"a":1})", R"({"op":"remove","path":"/a"})", nullptr},
  };
  for (const auto& c : cases) {
    auto document = read(c.document);
    const auto result = apply_json_patch(document, read(c.patch));
    EXPECT_EQ(result.has_value(), c.expected != nullptr) << c.patch;
    if (result && c.expected != nullptr) EXPECT_EQ(document, read(c.expected)) << c.patch;
  }
}

TEST(JsonPatch, CopyingCannotExplode) {
  auto document = read(R"({"a":["0123456789012345678901234567890123456789"]})");
  json::array operations;
  for (int i = 0; i < 60; ++i) operations.emplace_back(json::object{{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}});
  const auto result = apply_json_patch(document, operations);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, 413);
}

struct StrategicCase {
  const char* kind;
  const char* document;
  const char* patch;
  const char* expected;
};

TEST(StrategicMerge, MergesListsByTheirKeys) {
  const StrategicCase cases[] = {
      {"Service", R"({"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"b"}]}})",
       R"({"spec":{"ports":[{"port":81,"name":"c"},{"port":82,"name":"d"}]}})",
       R"({"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"c"},{"port":82,"name":"d"}]}})"},
      {"Service", R"({"spec":{"ports":[{"port":80},{"port":81}]}})", R"({"spec":{"ports":[{"$patch":"delete","port":80}]}})",
       R"({"spec":{"ports":[{"port":81}]}})"},
      {"Service", R"({"spec":{"ports":[{"port":80},{"port":81}]}})",
       R"({"spec":{"ports":[{"$patch":"replace"},{"port":9}]}})", R"({"spec":{"ports":[{"port":9}]}})"},
      {"Service", R"({"spec":{"ports":[{"port":80},{"port":81}]}})",
       R"({"spec":{"$setElementOrder/ports":[{"port":82},{"port":81},{"port":80}],"ports":[{"port":82}]}})",
       R"({"spec":{"ports":[{"port":82},{"port":81},{"port":80}]}})"},
      {"Service", R"({"spec":{"selector":{"a":"1","b":"2"}}})", R"({"spec":{"selector":{"b":null,"c":"3"}}})",
       R"({"spec":{"selector":{"a":"1","c":"3"}}})"},
      {"Service", R"({"spec":{"selector":{"a":"1"}}})", R"({"spec":{"selector":{"$patch":"replace","c":"3"}}})",
       R"({"spec":{"selector":{"c":"3"}}})"},
      {"Service", R"({"spec":{"externalIPs":["1","2"]}})", R"({"spec":{"externalIPs":["3"]}})",
       R"({"spec":{"externalIPs":["3"]}})"},
      {"Service", R"({"spec":{"a":1,"b":2}})", R"({"spec":{"$retainKeys":["b","c"],"c":3}})", R"({"spec":{"b":2,"c":3}})"},
      {"Node", R"({"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Disk","status":"x"}]}})",
       R"({"status":{"conditions":[{"type":"Ready","status":"False"}]}})",
       R"({"status":{"conditions":[{"type":"Ready","status":"False"},{"type":"Disk","status":"x"}]}})"},
      {"Node", R"({"status":{"addresses":[{"type":"InternalIP","address":"1"}]}})",
       R"({"status":{"addresses":[{"type":"Hostname","address":"n"}]}})",
       R"({"status":{"addresses":[{"type":"InternalIP","address":"1"},{"type":"Hostname","address":"n"}]}})"},
      {"Pod", R"({"metadata":{"finalizers":["a/b","c/d"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a/b"],"finalizers":["e/f","c/d"]}})",
       R"({"metadata":{"finalizers":["c/d","e/f"]}})"},
      {"Pod", R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"2","name":"b"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a"},{"uid":"2","name":"b"}]}})"},
      {"Deployment",
       R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"1","env":[{"name":"X","value":"1"}]}]}}}})",
       R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"2","env":[{"name":"Y","value":"2"}]}]}}}})",
       R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"2","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}]}}}})"},
      {"ConfigMap", R"({"data":{"a":"1"}})", R"({"data":{"$patch":"delete"}})", R"({})"},
  };
  for (const auto& c : cases) {
    const auto* kind = find_builtin_kind(std::string_view(c.kind) == "Deployment" ? "apps" : "", c.kind);
    ASSERT_NE(kind, nullptr);
    auto document = read(c.document).as_object();
    const auto result = apply_strategic_merge(*kind, document, read(c.patch).as_object());
    ASSERT_TRUE(result) << c.patch;
    EXPECT_EQ(json::serialize(document), json::serialize(read(c.expected))) << c.patch;
  }
}

TEST(StrategicMerge, AnElementWithoutItsKeyIsRefused) {
  json::object document = read(R"({"spec":{"ports":[{"port":80}]}})").as_object();
  EXPECT_FALSE(apply_strategic_merge(*find_builtin_kind("", "Service"), document,
                                     read(R"({"spec":{"ports":[{"name":"x"}]}})").as_object()));
}

TEST(Patch, CustomResourcesTakeNoStrategicMerge) {
  Api api;
  (void)api.post(kPools, pool("p"));
  const auto refused = api.patch("strategic-merge-patch+json", kPools + "/p", "{}");
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(refused.message(), HasSubstr("application/json-patch+json, application/merge-patch+json"));
}

TEST(Patch, ServerSideApplyIsRefusedWithItsRemedy) {
  Api api;
  const auto refused = api.patch("apply-patch+yaml", kServices + "/kubernetes?fieldManager=x", "{}");
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(refused.message(), HasSubstr("use `kubectl apply` without --server-side"));
}

TEST(Patch, AVersionInThePatchIsAPrecondition) {
  Api api;
  const auto made = api.post(kConfigMaps, config_map("c"));
  const auto version = made.at("metadata.resourceVersion");
  const auto body = R"({"metadata":{"resourceVersion":")" + version + R"("},"data":{"k":"2"}})";
  EXPECT_EQ(api.merge(kConfigMaps + "/c", body).status, 200);
  EXPECT_EQ(api.merge(kConfigMaps + "/c", body).status, 409);
}

TEST(Patch, ThatFailsChangesNothing) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  const auto refused =
      api.patch("json-patch+json", kConfigMaps + "/c",
                R"([{"op":"add","path":"/data/x","value":"1"},{"op":"test","path":"/data/k","value":"no"}])");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(find(api.get(kConfigMaps + "/c").body, "data.x"), nullptr);
}

TEST(Patch, CannotRenameOrReplaceTheObjectByAnotherType) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  EXPECT_EQ(api.merge(kConfigMaps + "/c", R"({"metadata":{"name":"d"}})").status, 400);
  EXPECT_EQ(api.patch("json-patch+json", kConfigMaps + "/c", R"([{"op":"replace","path":"","value":7}])").status, 400);
  EXPECT_EQ(api.patch("json-patch+json", kConfigMaps + "/c", R"([{"op":"replace","path":"/metadata","value":7}])").status,
            400);
  EXPECT_EQ(api.merge(kConfigMaps + "/c", R"({"metadata":null})").status, 200);
}

}  // namespace
}  // namespace metallb::apiserver::test
