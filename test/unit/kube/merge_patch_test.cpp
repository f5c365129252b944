#include "kube/merge_patch.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <boost/json.hpp>

namespace metallb::kube {
namespace {

namespace json = boost::json;

struct Vector {
  const char* target;
  const char* patch;
  const char* result;
};
class MergePatch : public testing::TestWithParam<Vector> {};

TEST_P(MergePatch, FollowsTheRfc) {
  auto target = json::parse(GetParam().target);
  apply_merge_patch(target, json::parse(GetParam().patch));
  EXPECT_EQ(target, json::parse(GetParam().result)) << json::serialize(target);
}

// RFC 7386, Appendix A.
INSTANTIATE_TEST_SUITE_P(AppendixA, MergePatch,
                         testing::Values(Vector{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
                                         Vector{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
                                         Vector{R"({"a":"b"})", R"({"a":null})", R"({})"},
                                         Vector{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
                                         Vector{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
                                         Vector{R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
                                         Vector{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
                                         Vector{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
                                         Vector{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
                                         Vector{R"({"a":"b"})", R"(["c"])", R"(["c"])"},
                                         Vector{R"({"a":"foo"})", R"(null)", R"(null)"},
                                         Vector{R"({"a":"foo"})", R"("bar")", R"("bar")"},
                                         Vector{R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
                                         Vector{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
                                         Vector{R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}));

TEST(MergePatchOrder, KeepsTheOrderOfTheOtherMembers) {
  auto target = json::parse(R"({"a":1,"b":2,"c":3,"d":4})");
  apply_merge_patch(target, json::parse(R"({"b":null,"c":5})"));
  EXPECT_EQ(json::serialize(target), R"({"a":1,"c":5,"d":4})");
}

json::value any_value(int depth);

json::object any_object(int depth) {
  json::object out;
  for (int i = *rc::gen::element(0, 1, 2, 3); i > 0; --i) {
    out[*rc::gen::element<std::string>("a", "b", "c")] = any_value(depth - 1);
  }
  return out;
}

json::value any_value(int depth) {
  switch (depth > 0 ? *rc::gen::element(0, 1, 2, 3, 4) : *rc::gen::element(0, 1, 2)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::element(1, 2);
    case 2:
      return json::value(json::string(*rc::gen::element<std::string>("x", "y")));
    case 3: {
      json::array out;
      for (int i = *rc::gen::element(0, 1, 2); i > 0; --i) out.push_back(any_value(depth - 1));
      return out;
    }
    default:
      return any_object(depth);
  }
}

RC_GTEST_PROP(MergePatchLaws, ApplyingTwiceIsApplyingOnce, ()) {
  auto once = any_value(3);
  const auto patch = any_value(3);
  apply_merge_patch(once, patch);
  auto twice = once;
  apply_merge_patch(twice, patch);
  RC_ASSERT(twice == once);
}

RC_GTEST_PROP(MergePatchLaws, AnEmptyObjectChangesNoObject, ()) {
  json::value target = any_object(3);
  const auto before = target;
  apply_merge_patch(target, json::object());
  RC_ASSERT(target == before);
}

RC_GTEST_PROP(MergePatchLaws, NoNullOfThePatchSurvivesInANewObject, ()) {
  json::value target = json::object();
  const json::value patch = any_object(3);
  apply_merge_patch(target, patch);
  for (const auto& member : patch.get_object()) {
    RC_ASSERT(target.get_object().contains(member.key()) != member.value().is_null());
  }
}

}  // namespace
}  // namespace metallb::kube
