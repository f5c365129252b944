// CustomResourceDefinitions as objects, and the kinds that they make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "apiserver/kinds.hpp"
#include "apiserver/tables/json_path.hpp"
#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const std::string kThings = "/apis/example.com/v1/namespaces/default/things";
const std::string kSpecSchema = R"({"type":"object","required":["size"],"properties":{
  "size":{"type":"integer","minimum":1},"color":{"type":"string","default":"red"}}})";

std::string version(const std::string& name, bool storage, const std::string& spec_schema = kSpecSchema,
                    const std::string& more = R"("subresources":{"status":{}})") {
  return R"({"name":")" + name + R"(","served":true,"storage":)" + (storage ? "true" : "false") + "," + more +
         R"(,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":)" + spec_schema +
         R"(,"status":{"type":"object","properties":{"ready":{"type":"boolean"}}}}}}})";
}
std::string definition(const std::string& versions = version("v1", true), const std::string& names = R"("plural":"things",
    "kind":"Thing","shortNames":["th"],"categories":["stuff"])",
                       const std::string& name = "things", const std::string& more = "") {
  return R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":")" + name +
         R"(.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{)" + names + R"(},"versions":[)" +
         versions + "]" + more + "}}";
}
std::string thing(const std::string& spec = R"({"size":3})", const std::string& name = "t") {
  return R"({"metadata":{"name":")" + name + R"("},"spec":)" + spec + "}";
}
std::string condition_of(const Answer& object, std::string_view type) {
  const auto* list = array_at(object.body, "status.conditions");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (text_at(list->at(i).as_object(), "type") == type) return text_at(list->at(i).as_object(), "status");
  }
  return {};
}

TEST(Definition, MakesAKind) {
  Api api;
  EXPECT_EQ(api.get(kThings).status, 404);
  ASSERT_EQ(api.post(kDefinitions, definition()).status, 201);
  const auto kept = api.get(kDefinitions + "/things.example.com");
  EXPECT_EQ(condition_of(kept, "Established"), "True");
  EXPECT_EQ(condition_of(kept, "NamesAccepted"), "True");
  EXPECT_EQ(kept.at("status.acceptedNames.listKind"), "ThingList");
  EXPECT_EQ(kept.at("status.acceptedNames.singular"), "thing");
  EXPECT_THAT(texts_at(kept.body, "status.storedVersions"), ElementsAre("v1"));
  ASSERT_EQ(api.post(kThings, thing()).status, 201);
  const auto listed = api.get(kThings);
  EXPECT_EQ(listed.at("kind"), "ThingList");
  EXPECT_EQ(array_at(listed.body, "items")->size(), 1U);
}

TEST(Definition, IsDiscoveredWithItsNames) {
  Api api;
  (void)api.post(kDefinitions, definition());
  const auto found = api.get("/apis/example.com/v1");
  const auto& row = array_at(found.body, "resources")->at(0).as_object();
  EXPECT_EQ(text_at(row, "name"), "things");
  EXPECT_EQ(text_at(row, "singularName"), "thing");
  EXPECT_THAT(texts_at(row, "shortNames"), ElementsAre("th"));
  EXPECT_THAT(texts_at(row, "categories"), ElementsAre("stuff"));
  EXPECT_EQ(array_at(found.body, "resources")->size(), 2U) << "the status, too";
  EXPECT_THAT(api.get("/openapi/v3/apis/example.com/v1").text, HasSubstr("example.com.v1.Thing"));
}

TEST(Definition, ObjectsArePrunedFilledInAndChecked) {
  Api api;
  (void)api.post(kDefinitions, definition());
  const auto made = api.post(kThings, thing(R"({"size":3,"other":1})"));
  EXPECT_EQ(json::serialize(made.body.at("spec")), R"({"size":3,"color":"red"})");
  const auto refused = api.post(kThings, thing(R"({"size":0})", "u"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(
      refused.message(),
      R"(Thing.example.com "u" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1)");
  EXPECT_EQ(api.merge(kThings + "/t", R"({"spec":{"size":"x"}})").status, 422);
  EXPECT_EQ(api.merge(kThings + "/t", R"({"spec":{"color":null}})").at("spec.color"), "red");
}

TEST(Definition, UnknownFieldsAreAnErrorAWarningOrNothing) {
  Api api;
  (void)api.post(kDefinitions, definition());
  const auto body = thing(R"({"size":3,"other":1})");
  const auto refused = api.post(kThings + "?fieldValidation=Strict", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.message(), HasSubstr(R"(strict decoding error: unknown field "spec.other")"));
  EXPECT_EQ(api.post(kThings + "?fieldValidation=Ignore", body).status, 201);
  EXPECT_EQ(api.post(kThings + "?fieldValidation=Maybe", body).status, 400);
}

TEST(Definition, TheStatusIsApart) {
  Api api;
  (void)api.post(kDefinitions, definition());
  const auto made = api.post(kThings, R"({"metadata":{"name":"t"},"spec":{"size":3},"status":{"ready":true}})");
  EXPECT_EQ(find(made.body, "status"), nullptr);
  const auto told = api.merge(kThings + "/t/status", R"({"spec":{"size":9},"status":{"ready":true}})");
  EXPECT_EQ(flag_at(told.body, "status.ready"), true);
  EXPECT_EQ(number_at(told.body, "spec.size"), 3);
  EXPECT_EQ(number_at(told.body, "metadata.generation"), 1);
}

TEST(Definition, WithoutAStatusSubresourceTheStatusIsAFieldLikeOthers) {
  Api api;
  (void)api.post(kDefinitions, definition(version("v1", true, kSpecSchema, R"("deprecated":false)")));
  const auto made = api.post(kThings, R"({"metadata":{"name":"t"},"spec":{"size":3},"status":{"ready":true}})");
  EXPECT_EQ(flag_at(made.body, "status.ready"), true);
  EXPECT_EQ(api.get(kThings + "/t/status").status, 404);
  EXPECT_EQ(number_at(api.merge(kThings + "/t", R"({"status":{"ready":false}})").body, "metadata.generation"), 2);
}

TEST(Definition, DefaultsThatCameLaterAreReadToo) {
  Api api;
  (void)api.post(kDefinitions, definition());
  (void)api.post(kThings, thing());
  const auto changed =
      R"({"type":"object","properties":{"size":{"type":"integer"},"depth":{"type":"integer","default":7}}})";
  ASSERT_EQ(
      api.merge(kDefinitions + "/things.example.com", R"({"spec":{"versions":[)" + version("v1", true, changed) + "]}}")
          .status,
      200);
  EXPECT_EQ(number_at(api.get(kThings + "/t").body, "spec.depth"), 7);
}

TEST(Definition, VersionsDifferInTheirApiVersionAndTheirSchema) {
  Api api;
  const auto with_more = R"({"type":"object","properties":{"size":{"type":"integer"},"more":{"type":"string"}}})";
  ASSERT_EQ(api.post(kDefinitions, definition(version("v1", false) + "," + version("v2", true, with_more))).status, 201);
  const std::string newer = "/apis/example.com/v2/namespaces/default/things";
  ASSERT_EQ(api.post(newer, thing(R"({"size":3,"more":"x"})")).status, 201);
  const auto old = api.get(kThings + "/t");
  EXPECT_EQ(old.at("apiVersion"), "example.com/v1");
  EXPECT_EQ(old.at("spec.more"), "");
  EXPECT_EQ(api.get(newer + "/t").at("spec.more"), "x");
  EXPECT_EQ(api.get("/apis/example.com").at("preferredVersion.version"), "v2");
  EXPECT_EQ(array_at(api.get(newer).body, "items")->size(), 1U);
}

TEST(Definition, GoesWithItsObjectsAndEndsTheirWatches) {
  Api api;
  (void)api.post(kDefinitions, definition());
  (void)api.post(kThings, thing());
  (void)api.post(kThings, R"({"metadata":{"name":"held","finalizers":["example.com/hold"]},"spec":{"size":3}})");
  const auto watch = api.watch(kThings + "?watch=1");
  (void)api.events(watch);
  ASSERT_EQ(api.remove(kDefinitions + "/things.example.com").status, 200);
  api.settle();
  EXPECT_EQ(api.get(kThings + "/t").status, 404);
  EXPECT_EQ(condition_of(api.get(kDefinitions + "/things.example.com"), "Terminating"), "True");
  const auto refused = api.post(kThings, thing(R"({"size":3})", "late"));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.message(), "create not allowed while custom resource definition is terminating");
  EXPECT_FALSE(api.ended(watch));
  (void)api.merge(kThings + "/held", R"({"metadata":{"finalizers":null}})");
  api.settle();
  EXPECT_EQ(api.get(kDefinitions + "/things.example.com").status, 404);
  EXPECT_EQ(api.get(kThings).status, 404);
  EXPECT_EQ(api.get("/apis/example.com").status, 404);
  EXPECT_TRUE(api.ended(watch));
  EXPECT_THAT(api.events(watch), Contains("DELETED t"));
  ASSERT_EQ(api.post(kDefinitions, definition()).status, 201) << "and may come back";
  EXPECT_THAT(*array_at(api.get(kThings).body, "items"), IsEmpty());
}

TEST(Definition, NamesThatOthersHaveAreNotAccepted) {
  Api api;
  (void)api.post(kDefinitions, definition());
  ASSERT_EQ(api.post(kDefinitions, definition(version("v1", true), R"("plural":"others","kind":"Thing")", "others")).status,
            201);
  const auto second = kDefinitions + "/others.example.com";
  EXPECT_EQ(condition_of(api.get(second), "NamesAccepted"), "False");
  EXPECT_EQ(condition_of(api.get(second), "Established"), "False");
  EXPECT_EQ(api.get("/apis/example.com/v1/namespaces/default/others").status, 404);
  (void)api.remove(kDefinitions + "/things.example.com");
  api.settle();
  EXPECT_EQ(condition_of(api.get(second), "Established"), "True") << "now they are free";
  EXPECT_EQ(api.get("/apis/example.com/v1/namespaces/default/others").status, 200);
}

TEST(Definition, ANamesakeOfACompiledInKindIsAnOrdinaryKind) {
  Api api;
  const auto names = R"("plural":"services","kind":"Service")";
  ASSERT_EQ(api.post(kDefinitions, definition(version("v1", true), names, "services")).status, 201);
  const std::string path = "/apis/example.com/v1/namespaces/default/services";
  const auto made = api.post(path, thing());
  EXPECT_EQ(json::serialize(made.body.at("spec")), R"({"size":3,"color":"red"})");
  EXPECT_EQ(find(made.body, "status"), nullptr);
  EXPECT_EQ(api.get(path + "?fieldSelector=spec.type%3Da").status, 400);
  EXPECT_EQ(api.post(kServices, service("real")).at("spec.type"), "LoadBalancer");
}

TEST(Definition, ThatTakesTheNameOfACompiledInKindIsNotAccepted) {
  Api api;
  const auto body = R"({"metadata":{"name":"leases.coordination.k8s.io"},"spec":{"group":"coordination.k8s.io",
    "scope":"Namespaced","names":{"plural":"leases","kind":"Lease"},"versions":[)" +
                    version("v7", true) + "]}}";
  ASSERT_EQ(api.post(kDefinitions, body).status, 201);
  const auto kept = api.get(kDefinitions + "/leases.coordination.k8s.io");
  EXPECT_EQ(condition_of(kept, "NamesAccepted"), "False");
  EXPECT_EQ(condition_of(kept, "Established"), "False");
  EXPECT_EQ(api.get("/apis/coordination.k8s.io/v7/namespaces/default/leases").status, 404);
  EXPECT_EQ(api.get("/apis/coordination.k8s.io/v1/namespaces/default/leases").status, 200);
}

TEST(Definition, WithAMultipleOfWhatIsNotPositiveIsRefused) {
  Api api;
  for (const auto* factor : {"0", "-1", "-0.5"}) {
    for (const auto* form : {R"({"type":"object","properties":{"a":{"type":"integer","multipleOf":%}}})",
                             R"({"type":"object","properties":{"a":{"type":"integer","anyOf":[{"multipleOf":%}]}}})"}) {
      std::string schema = form;
      schema.replace(schema.find('%'), 1, factor);
      const auto refused = api.post(kDefinitions, definition(version("v1", true, schema)));
      EXPECT_EQ(refused.status, 422) << schema;
      EXPECT_THAT(refused.message(), HasSubstr(std::string("multipleOf: Invalid value: ") + factor + ": must be positive"));
    }
  }
}

/// `levels` lists, each by default with two elements without a value.
std::string doubling(int levels) {
  std::string schema = R"({"type":"integer","default":1})";
  for (int i = 0; i < levels; ++i) schema = R"({"type":"array","default":[null,null],"items":)" + schema + "}";
  return schema;
}

TEST(Definition, WhoseDefaultsMultiplyBeyondAllMeasureIsRefused) {
  Api api;
  const auto with = [](int levels) {
    return definition(version("v1", true, R"({"type":"object","properties":{"a":)" + doubling(levels) + "}}"));
  };
  const auto refused = api.post(kDefinitions, with(22));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), HasSubstr("a].default: Too long"));
  EXPECT_EQ(api.post(kDefinitions, with(5)).status, 201);
  const auto made = api.post(kThings, thing("{}"));
  EXPECT_EQ(json::serialize(*find(made.body, "spec.a")).size(), 125U) << "32 numbers in pairs";
}

TEST(Definition, AnObjectThatDefaultsWouldBlowUpIsRefused) {
  Api api;
  const auto schema = R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"string","default":")" +
                      std::string(10'000, 'x') + R"("}}}})";
  ASSERT_EQ(api.post(kDefinitions, definition(version("v1", true, schema))).status, 201);
  const auto elements = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += i == 0 ? "null" : ",null";
    return thing(R"({"a":[)" + list + "]}");
  };
  const auto refused = api.post(kThings, elements(1000));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), HasSubstr("the defaults of its definition would add more than 4194304 bytes"));
  EXPECT_EQ(api.post(kThings, elements(100)).status, 201);
}

TEST(Definition, RefusalsWarningsAndErrorsOfAGreatManyFieldsStayShort) {
  Api api;
  const auto schema = R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"}}}})";
  ASSERT_EQ(api.post(kDefinitions, definition(version("v1", true, schema))).status, 201);
  std::string texts = R"("x")";
  std::string unknown = R"("a":[])";
  for (int i = 0; i < 999; ++i) {
    texts += R"(,"x")";
    unknown += R"(,"unknown-)" + std::to_string(i) + R"(":1)";
  }
  const auto refused = api.post(kThings, thing(R"({"a":[)" + texts + "]}"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(array_at(refused.body, "details.causes")->size(), 101U);
  EXPECT_THAT(refused.message(), HasSubstr(", and 900 more that are not listed]"));
  EXPECT_THAT(text_at(array_at(refused.body, "details.causes")->at(100).as_object(), "message"), HasSubstr("900 more"));
  const auto strict = api.post(kThings + "?fieldValidation=Strict", thing("{" + unknown + "}"));
  EXPECT_EQ(strict.status, 400);
  EXPECT_THAT(strict.message(), HasSubstr(", 899 more unknown fields"));
  const auto warned = api.post(kThings, thing("{" + unknown + "}"));
  EXPECT_EQ(warned.status, 201);
  EXPECT_THAT(warned.warning, ::testing::StartsWith(R"(299 - "unknown field \"spec.unknown-0\"", 299 - )"));
  EXPECT_LE(warned.warning.size(), 4096U);
  EXPECT_GE(warned.warning.size(), 4000U);
  std::string longer = R"("size":1)";
  for (int i = 10; i < 30; ++i) longer += R"(,")" + std::string(498, 'y') + std::to_string(i) + R"(":1)";
  const auto cut = api.post(kThings, thing("{" + longer + "}", "u")).warning;
  EXPECT_THAT(cut, ::testing::EndsWith(R"(y")")) << "the last that there is room for is cut";
  EXPECT_LE(cut.size(), 4096U);
  EXPECT_GE(cut.size(), 3800U);
}

TEST(Definition, SurvivesARestartWithItsObjects) {
  Api api;
  (void)api.post(kDefinitions, definition());
  (void)api.post(kThings, thing());
  const auto before = api.get(kThings + "/t").body;
  ASSERT_TRUE(api.restart(api.snapshot()));
  EXPECT_EQ(api.get(kThings + "/t").body, before);
}

TEST(Definition, AStateFromBeforeDefinitionsWereObjectsIsRead) {
  Api api;
  ASSERT_TRUE(api.restart(R"({"version":5,"objects":[{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool",
    "metadata":{"name":"p","namespace":"default","creationTimestamp":"2026-01-31T12:00:00Z"},"spec":{"addresses":["10.0.0.0/24"]}}]})"));
  EXPECT_EQ(api.get(kPools + "/p").status, 200);
  EXPECT_EQ(api.get(kDefinitions + "/ipaddresspools.metallb.io").at("metadata.creationTimestamp"), "2026-01-31T12:00:00Z");
}

TEST(Definition, ThoseOfMetallbAreThereFromTheStart) {
  Api api;
  const auto all = api.get(kDefinitions);
  EXPECT_EQ(array_at(all.body, "items")->size(), 9U);
  for (const auto& item : *array_at(all.body, "items")) {
    const auto& one = item.as_object();
    EXPECT_EQ(condition_of({.body = one}, "Established"), "True") << text_at(one, "metadata.name");
    const auto again = api.put(kDefinitions + "/" + text_at(one, "metadata.name"), one);
    EXPECT_EQ(again.status, 200) << "it passes the checks of every definition: " << again.text;
    EXPECT_EQ(again.at("metadata.resourceVersion"), text_at(one, "metadata.resourceVersion"));
  }
  ASSERT_EQ(api.remove(kDefinitions + "/communities.metallb.io").status, 200);
  api.settle();
  EXPECT_EQ(api.get("/apis/metallb.io/v1beta1/namespaces/default/communities").status, 404) << "as any other";
}

TEST(Definition, ADeprecatedVersionWarns) {
  Api api;
  const auto answer = api.get("/apis/metallb.io/v1beta1/namespaces/default/bgppeers");
  EXPECT_EQ(answer.warning, R"(299 - "v1beta1 is deprecated, please use v1beta2")");
  EXPECT_EQ(api.get("/apis/metallb.io/v1beta2/namespaces/default/bgppeers").warning, "");
  const auto unknown =
      api.post(kPools, R"({"metadata":{"name":"p"},"spec":{"addresses":["10.0.0.0/24"],"autoassign":true}})");
  EXPECT_EQ(unknown.warning, R"(299 - "unknown field \"spec.autoassign\"")");
}

TEST(JsonPath, LeadsToTheFirstValueThatFits) {
  std::string error;
  const auto root = parse(R"({"a":{"b.c":1,"d":[{"t":"x","v":1},{"t":"Ready","v":{"w":2}}]},"n":null})", error)->as_object();
  const std::pair<const char*, const char*> cases[] = {
      {".a.d[0].v", "1"},
      {".a.d[-1].t", R"("Ready")"},
      {R"(.a.b\.c)", "1"},
      {".a['b.c']", "1"},
      {".a.d[*].t", R"("x")"},
      {R"(.a.d[?(@.t=="Ready")].v.w)", "2"},
      {"{.a.d[?(@.t!='x')].t}", R"("Ready")"},
      {".n", "null"},
  };
  for (const auto& [text, expected] : cases) {
    const auto path = JsonPath::parse(text);
    ASSERT_TRUE(path) << text;
    const auto* found = path->first(root);
    ASSERT_NE(found, nullptr) << text;
    EXPECT_EQ(json::serialize(*found), expected) << text;
  }
  for (const auto* text : {".x", ".a.d[7]", ".a.d[0].v.w", R"(.a.d[?(@.t=="y")].v)"}) {
    EXPECT_EQ(JsonPath::parse(text)->first(root), nullptr) << text;
  }
  for (const auto* text : {"", "a", ".", ".a[", ".a[x]", ".a[?(@.t)]", "[0]"}) EXPECT_FALSE(JsonPath::parse(text)) << text;
}

TEST(Versions, AreOrderedAsKubernetesOrdersThem) {
  std::vector<std::string> versions{"foo10",   "v12alpha1", "v2",       "v10beta3", "v10",
                                    "v3beta1", "v1",        "v11beta2", "foo1",     "v11alpha2"};
  std::ranges::sort(versions, preferred_version);
  EXPECT_THAT(versions,
              ElementsAre("v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"));
}

}  // namespace
}  // namespace metallb::apiserver::test
