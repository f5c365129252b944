// Structural schemas: what is pruned, filled in and refused, in the words of kube-apiserver (Kubernetes' documentation,
// "Extend the Kubernetes API with CustomResourceDefinitions"; the same rules on a real server:
// test/envtest/test_custom_resources.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "apiserver/structural/defaults.hpp"
#include "apiserver/structural/formats.hpp"
#include "apiserver/structural/lists.hpp"
#include "apiserver/structural/patterns.hpp"
#include "apiserver/structural/prune.hpp"
#include "apiserver/structural/validate.hpp"

namespace metallb::apiserver::structural {
namespace {

using ::testing::ElementsAre;

json::value parsed(const std::string& text) {
  std::string error;
  auto value = parse(text, error);
  EXPECT_TRUE(value) << text << error;
  return value.value_or(nullptr);
}

struct Change {
  const char* schema;
  const char* before;
  const char* after;
};

TEST(Pruning, DropsWhatTheSchemaDoesNotName) {
  const Change cases[] = {
      {R"({"properties":{"a":{}}})", R"({"apiVersion":"v","kind":"K","metadata":{"x":1},"a":1,"b":2})",
       R"({"apiVersion":"v","kind":"K","metadata":{"x":1},"a":1})"},
      {R"({"properties":{"a":{"properties":{"b":{}}}}})", R"({"a":{"b":1,"c":2,"metadata":3}})", R"({"a":{"b":1}})"},
      {R"({"properties":{"a":{"items":{"properties":{"b":{}}}}}})", R"({"a":[{"b":1,"c":2},5]})", R"({"a":[{"b":1},5]})"},
      {R"({"properties":{"a":{"additionalProperties":{"properties":{"b":{}}}}}})", R"({"a":{"x":{"b":1,"c":2}}})",
       R"({"a":{"x":{"b":1}}})"},
      {R"({"properties":{"a":{"type":"array"}}})", R"({"a":[{"b":1}]})", R"({"a":[{}]})"},
      // Kept as a whole, but for what is named further in.
      {R"({"properties":{"a":{"x-kubernetes-preserve-unknown-fields":true,"properties":{"b":{"properties":{"c":{}}}}}}})",
       R"({"a":{"x":{"y":[{"z":1}]},"b":{"c":1,"d":2}}})", R"({"a":{"x":{"y":[{"z":1}]},"b":{"c":1}}})"},
      {R"({"properties":{"a":{"x-kubernetes-embedded-resource":true,"properties":{"b":{}}}}})",
       R"({"a":{"apiVersion":"v","kind":"K","metadata":{"x":1},"b":1,"c":1}})",
       R"({"a":{"apiVersion":"v","kind":"K","metadata":{"x":1},"b":1}})"},
      {R"({"x-kubernetes-preserve-unknown-fields":true})", R"({"a":{"b":1}})", R"({"a":{"b":1}})"},
  };
  for (const auto& c : cases) {
    auto value = parsed(c.before);
    prune(parsed(c.schema).as_object(), value.as_object());
    EXPECT_EQ(json::serialize(value), json::serialize(parsed(c.after))) << c.schema;
  }
}

TEST(Pruning, TellsWhatWasDropped) {
  auto value = parsed(R"({"x":1,"a":{"c":2,"d":[{"e":1}]}})");
  const auto dropped = prune(parsed(R"({"properties":{"a":{"properties":{"d":{"items":{"properties":{}}}}}}})").as_object(),
                             value.as_object());
  EXPECT_THAT(dropped.paths, ElementsAre("a.d[0].e", "a.c", "x"));
  EXPECT_EQ(dropped.more, 0U);
}

TEST(Pruning, OfAGreatManyFieldsKeepsTheOthersInTheirOrderAndTellsTheFirst) {
  json::object resource;
  for (int i = 0; i < 50'000; ++i) resource["x" + std::to_string(i)] = i;
  resource["b"] = 1;
  for (int i = 0; i < 50'000; ++i) resource["y" + std::to_string(i)] = i;
  resource["a"] = 2;
  const auto dropped = prune(parsed(R"({"properties":{"a":{},"b":{}}})").as_object(), resource);
  EXPECT_EQ(json::serialize(resource), R"({"b":1,"a":2})");
  EXPECT_EQ(dropped.paths.size(), Pruned::kMostPaths);
  EXPECT_EQ(dropped.paths.front(), "x0");
  EXPECT_EQ(dropped.more, 100'000 - Pruned::kMostPaths);
}

TEST(Defaulting, FillsInWhatIsMissing) {
  const Change cases[] = {
      {R"({"properties":{"a":{"default":1},"b":{"default":2}}})", R"({"a":5})", R"({"a":5,"b":2})"},
      // Within what is there only, unless that has a default itself.
      {R"({"properties":{"a":{"properties":{"b":{"default":1}}}}})", "{}", "{}"},
      {R"({"properties":{"a":{"default":{},"properties":{"b":{"default":1}}}}})", "{}", R"({"a":{"b":1}})"},
      {R"({"properties":{"a":{"items":{"properties":{"b":{"default":1}}}}}})", R"({"a":[{},{"b":2}]})",
       R"({"a":[{"b":1},{"b":2}]})"},
      {R"({"properties":{"a":{"additionalProperties":{"properties":{"b":{"default":1}}}}}})", R"({"a":{"x":{}}})",
       R"({"a":{"x":{"b":1}}})"},
      // Null is a value where the schema says so; elsewhere it counts as missing.
      {R"({"properties":{"a":{"default":1},"b":{"default":1,"nullable":true},"c":{},"d":{"nullable":true}}})",
       R"({"a":null,"b":null,"c":null,"d":null,"e":null})", R"({"a":1,"b":null,"d":null,"e":null})"},
      {R"({"properties":{"a":{"items":{"type":"string"}}}})", R"({"a":[null]})", R"({"a":[null]})"},
  };
  for (const auto& c : cases) {
    auto value = parsed(c.before);
    DefaultsBudget budget;
    EXPECT_TRUE(apply_defaults(parsed(c.schema).as_object(), value, budget)) << c.schema;
    EXPECT_EQ(value, parsed(c.after)) << c.schema << json::serialize(value);
  }
}

TEST(Defaulting, EndsWhereDefaultsWithinDefaultsMultiply) {
  std::string schema = R"({"type":"integer","default":1})";
  for (int i = 0; i < 29; ++i) schema = R"({"type":"array","default":[null,null],"items":)" + schema + "}";
  json::value value = json::object();
  DefaultsBudget budget;
  EXPECT_FALSE(apply_defaults(parsed(R"({"properties":{"a":)" + schema + "}}").as_object(), value, budget));
  EXPECT_EQ(budget.left, 0U);
}

TEST(Defaulting, OfAFewWithinTheBudgetLeavesTheRestOfIt) {
  const auto schema = parsed(R"({"items":{"default":"0123456789"}})");
  const auto before = parsed("[null,null,3]");
  auto value = before;
  DefaultsBudget ample{100'000};
  ASSERT_TRUE(apply_defaults(schema.as_object(), value, ample));
  EXPECT_LE(ample.left, 100'000U - 20) << "what it takes is counted";
  value = before;
  DefaultsBudget exact{100'000U - ample.left};
  EXPECT_TRUE(apply_defaults(schema.as_object(), value, exact));
  value = before;
  DefaultsBudget scarce{100'000U - ample.left - 1};
  EXPECT_FALSE(apply_defaults(schema.as_object(), value, scarce));
}

/// "field: message" of each cause.
std::vector<std::string> told(const std::string& schema, const std::string& value) {
  const auto node = parsed(schema);
  Causes causes;
  validate(node.as_object(), parsed(value), "a", causes);
  if (causes.empty()) check_lists(node.as_object(), parsed(value), "a", causes);
  std::vector<std::string> out;
  for (const auto& cause : causes) out.push_back(cause.field + ": " + cause.message);
  return out;
}

TEST(Validation, TakesWhatFits) {
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {R"({"type":"integer","minimum":2,"maximum":9007199254740993})", {"2", "2.0", "9007199254740993"}},
      {R"({"type":"number","multipleOf":0.25,"exclusiveMinimum":true,"minimum":0})", {"1", "0.25"}},
      {R"({"type":"string","minLength":2,"maxLength":3,"pattern":"b"})", {R"("ab")", R"("äöb")"}},
      {R"({"x-kubernetes-int-or-string":true})", {"1", R"("a")"}},
      {R"({"type":"string","nullable":true,"enum":["a"]})", {"null", R"("a")"}},
      {R"({"enum":[1,"a",null,{"b":[1]}]})", {"1", R"("a")", R"({"b":[1]})"}},
      {R"({"type":"array","items":{"type":"string"},"minItems":1,"x-kubernetes-list-type":"set"})", {R"(["a","b"])"}},
      {R"({"type":"object","required":["b"],"properties":{"b":{"type":"boolean"}}})", {R"({"b":true,"c":1})"}},
      {R"({"anyOf":[{"minimum":5},{"maximum":1}],"not":{"enum":[7]}})", {"0", "6"}},
      {R"({"oneOf":[{"required":["b"]},{"required":["c"]}]})", {R"({"b":1})", R"({"c":1})"}},
      {R"({"type":"string","format":"no-such-format"})", {R"("anything")"}},
  };
  for (const auto& [schema, values] : cases) {
    for (const auto* value : values) EXPECT_THAT(told(schema, value), ElementsAre()) << schema << value;
  }
}

struct Refusal {
  const char* schema;
  const char* value;
  std::vector<std::string> told;
};

TEST(Validation, NamesTheFieldAndWhatIsWrongWithIt) {
  const Refusal cases[] = {
      {R"({"type":"integer"})", R"("x")", {R"(a: Invalid value: "string": a in body must be of type integer: "string")"}},
      {R"({"type":"integer"})",
       "1.5",
       {R"(a: Invalid value: "number": a in body must be of type integer: "number")",
        R"(<nil>: Invalid value: "": Checked value must be of type integer (default format) in a)"}},
      {R"({"type":"integer","format":"int32"})",
       "2147483648",
       {R"(<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a)"}},
      {R"({"type":"string"})", "null", {R"(a: Invalid value: "null": a in body must be of type string: "null")"}},
      {R"({"x-kubernetes-int-or-string":true})",
       "true",
       {R"(a: Invalid value: "boolean": a in body must be of type integer,string: "boolean")"}},
      {R"({"minimum":3})", "2", {"a: Invalid value: 2: a in body should be greater than or equal to 3"}},
      {R"({"minimum":3,"exclusiveMinimum":true})", "3", {"a: Invalid value: 3: a in body should be greater than 3"}},
      {R"({"maximum":1.5,"exclusiveMaximum":true})", "1.5", {"a: Invalid value: 1.5: a in body should be less than 1.5"}},
      {R"({"maximum":4294967295})",
       "4294967296",
       {"a: Invalid value: 4294967296: a in body should be less than or equal to 4294967295"}},
      {R"({"multipleOf":5})", "7", {"a: Invalid value: 7: a in body should be a multiple of 5"}},
      {R"({"multipleOf":2})",
       "-9223372036854775807",
       {"a: Invalid value: -9223372036854775807: a in body should be a multiple of 2"}},
      // Definitions with such are refused, but may be there from before.
      {R"({"multipleOf":-1})",
       "-9223372036854775808",
       {R"(<nil>: Invalid value: "": factor MultipleOf declared for a must be positive: -1)"}},
      {R"({"multipleOf":0})", "7", {R"(<nil>: Invalid value: "": factor MultipleOf declared for a must be positive: 0)"}},
      {R"({"multipleOf":-0.5})",
       "1.5",
       {R"(<nil>: Invalid value: "": factor MultipleOf declared for a must be positive: -0.5)"}},
      {R"({"minLength":2})", R"("ä")", {R"(a: Invalid value: "ä": a in body should be at least 2 chars long)"}},
      {R"({"pattern":"^b$"})", R"("ab")", {R"(a: Invalid value: "ab": a in body should match '^b$')"}},
      {R"({"format":"ipv4"})", R"("::1")", {R"(a: Invalid value: "::1": a in body must be of type ipv4: "::1")"}},
      {R"({"enum":["b","c"]})", R"("d")", {R"(a: Unsupported value: "d": supported values: "b", "c")"}},
      {R"({"enum":[1,2]})", "3", {R"(a: Unsupported value: 3: supported values: "1", "2")"}},
      {R"({"minItems":1})", "[]", {"a: Invalid value: 0: a in body should have at least 1 items"}},
      {R"({"maxItems":1})", "[1,2]", {"a: Too many: 2: must have at most 1 item"}},
      {R"({"items":{"type":"string"}})",
       "[1]",
       {R"(a[0]: Invalid value: "integer": a[0] in body must be of type string: "integer")"}},
      {R"({"minProperties":1})", "{}", {"a: Invalid value: 0: a in body should have at least 1 properties"}},
      {R"({"maxProperties":1})", R"({"b":1,"c":2})", {"a: Too many: 2: must have at most 1 item"}},
      {R"({"required":["b"],"properties":{"c":{"required":["d"]}}})",
       R"({"c":{}})",
       {"a.c.d: Required value", "a.b: Required value"}},
      {R"({"additionalProperties":{"type":"string"}})",
       R"({"x":1})",
       {R"(a.x: Invalid value: "integer": a.x in body must be of type string: "integer")"}},
      {R"({"anyOf":[{"minimum":5},{"maximum":1}]})",
       "3",
       {R"(<nil>: Invalid value: "": "a" must validate at least one schema (anyOf))",
        "a: Invalid value: 3: a in body should be greater than or equal to 5"}},
      {R"({"oneOf":[{"minimum":5},{"maximum":9}]})",
       "7",
       {R"(<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives)"}},
      {R"({"not":{"enum":[7]}})", "7", {R"(<nil>: Invalid value: "": "a" must not validate the schema (not))"}},
      {R"({"x-kubernetes-list-type":"set"})", R"(["x","y","x","x"])", {R"(a[2]: Duplicate value: "x")"}},
      {R"({"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]})",
       R"([{"k":1},{"k":2},{"k":1,"v":3}])",
       {R"(a[2]: Duplicate value: {"k":1})"}},
      {R"({"properties":{"r":{"x-kubernetes-embedded-resource":true}}})",
       R"({"r":{"kind":"K"}})",
       {"a.r.apiVersion: Required value"}},
  };
  for (const auto& c : cases) EXPECT_EQ(told(c.schema, c.value), c.told) << c.schema << c.value;
}

/// Each branch is tried once per level: were it tried again to tell what is wrong, 2^29 times for the innermost.
TEST(Validation, ManyNestedChoicesTakeNoLongTime) {
  for (const auto* keyword : {"anyOf", "oneOf"}) {
    std::string first = R"({"maximum":0})";
    std::string second = first;
    for (int i = 0; i < 29; ++i) {
      const auto open = R"({")" + std::string(keyword) + R"(":[)";
      first = open + first + R"(,{"minimum":2}]})";
      second = open + R"({"minimum":2},)" + second + "]}";
    }
    EXPECT_EQ(told(first, "1").size(), 30U) << "one for each level, and the innermost";
    EXPECT_EQ(told(second, "1").size(), 2U) << "the outermost, and what its first branch says";
    EXPECT_THAT(told(first, "2"), ElementsAre());
    EXPECT_THAT(told(second, "2"), ElementsAre());
  }
}

TEST(Validation, KeepsTheFirstCausesAndCountsTheOthers) {
  json::array items;
  for (int i = 0; i < 50'000; ++i) items.emplace_back(i);
  for (const auto* schema : {R"({"items":{"type":"string"}})", R"({"items":{"enum":["b"]}})"}) {
    Causes causes;
    validate(parsed(schema).as_object(), items, "a", causes);
    EXPECT_EQ(std::ranges::distance(causes), static_cast<std::ptrdiff_t>(Causes::kMostKept));
    EXPECT_EQ(causes.front().field, "a[0]");
    EXPECT_EQ(causes.left_out(), 50'000 - Causes::kMostKept);
  }
}

TEST(Validation, CutsVeryLongNamesInPaths) {
  const std::string name = std::string(511, 'n') + "ä" + std::string(1000, 'n');
  json::object value;
  value[name] = json::array{1};
  Causes causes;
  validate(parsed(R"({"additionalProperties":{"items":{"type":"string"}}})").as_object(), value, "", causes);
  EXPECT_EQ(causes.front().field, std::string(511, 'n') + "...[0]");
}

TEST(Validation, OfLongTextsKeepsFewerCauses) {
  Causes causes;
  validate(parsed(R"({"items":{"pattern":"b"}})").as_object(), json::array(50, json::string(300'000, 'a')), "a", causes);
  EXPECT_LT(std::ranges::distance(causes), 10);
  EXPECT_EQ(std::ranges::distance(causes) + causes.left_out(), 50U);
}

TEST(Patterns, AreCompiledOnceForManyTexts) {
  Patterns patterns;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(patterns.fits("^a+$", "aa"));
    EXPECT_FALSE(patterns.fits("b", "aa"));
    EXPECT_TRUE(patterns.fits("(", "aa")) << "none at all";
  }
  EXPECT_EQ(patterns.compilations(), 3U);
}

TEST(Patterns, BeyondThoseThatAreKeptStillFitAsTheySay) {
  Patterns patterns;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1000; ++i) {
      const auto pattern = "^" + std::to_string(i) + "$";
      EXPECT_TRUE(patterns.fits(pattern, std::to_string(i)));
      EXPECT_FALSE(patterns.fits(pattern, "x"));
    }
  }
  EXPECT_EQ(patterns.compilations(), 2000U) << "not all of them are kept";
}

TEST(Formats, AreWhatTheirNamesSay) {
  struct Case {
    const char* format;
    std::vector<const char*> fitting;
    std::vector<const char*> wrong;
  };
  const Case cases[] = {
      {"ipv4", {"192.0.2.1"}, {"192.0.2.256", "::1", "", "192.0.2"}},
      {"ipv6", {"2001:db8::1", "::ffff:192.0.2.1"}, {"192.0.2.1", "2001:db8:::1"}},
      {"cidr", {"192.0.2.1/24", "::/0"}, {"192.0.2.0/33", "192.0.2.0", "192.0.2.0/024", "x/8"}},
      {"date-time", {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00"}, {"2026-01-31", "yesterday"}},
      {"datetime", {"2026-01-31T12:00:00Z"}, {"12:00"}},
      {"date", {"2026-01-31"}, {"2026-13-01", "31.1.2026"}},
      {"uuid", {"123e4567-e89b-12d3-a456-426614174000"}, {"123e4567"}},
      {"mac", {"00:00:5e:00:53:01", "00-00-5E-00-53-01"}, {"00:00"}},
      {"email", {"a@example.com"}, {"nobody", "@example.com"}},
      {"hostname", {"a.example.com"}, {"a..b", "a b", ""}},
      {"uri", {"https://example.com/a?b", "/a"}, {"no link"}},
      {"byte", {"aGVsbG8="}, {"a b"}},
      {"duration", {"1h30m", "90s", "5 days"}, {"soon", ""}},
      {"hexcolor", {"#fff", "00ff00"}, {"#ff"}},
      {"password", {"", "anything"}, {}},
  };
  for (const auto& c : cases) {
    for (const auto* text : c.fitting) EXPECT_TRUE(fits_format(c.format, text)) << c.format << " " << text;
    for (const auto* text : c.wrong) EXPECT_FALSE(fits_format(c.format, text)) << c.format << " " << text;
  }
}

}  // namespace
}  // namespace metallb::apiserver::structural
