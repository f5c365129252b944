// AdmissionReview on the wire: controller spec 6.3, operations spec 1.10.
#include "admission/review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

std::string review_text(const std::string& version, const std::string& request) {
  return R"({"apiVersion":")" + version + R"(","kind":"AdmissionReview","request":)" + request + "}";
}

TEST(AdmissionReview, IsReadInBothVersionsAndAnsweredInTheSame) {
  for (const std::string version : {"admission.k8s.io/v1", "admission.k8s.io/v1beta1"}) {
    const auto review = decode_review(review_text(
        version,
        R"({"uid":"1-2","operation":"CREATE","namespace":"ns","object":{"metadata":{"name":"a"}},"oldObject":null})"));
    ASSERT_TRUE(review) << review.error();
    EXPECT_EQ(review->operation, Operation::kCreate);
    EXPECT_EQ(review->key, (ObjectKey{"ns", "a"}));
    EXPECT_EQ(*kube::parse_json(encode_answer(*review, Verdict{.warnings = {"mind the gap"}})),
              *kube::parse_json(R"({"kind":"AdmissionReview","apiVersion":")" + version +
                                R"(","response":{"uid":"1-2","allowed":true,"status":{"metadata":{},"code":200},
                                    "warnings":["mind the gap"]}})"));
  }
}

TEST(AdmissionReview, ARefusalSaysWhy) {
  const auto review = decode_review(review_text("admission.k8s.io/v1", R"({"uid":"7","operation":"UPDATE"})"));
  ASSERT_TRUE(review);
  EXPECT_EQ(*kube::parse_json(encode_answer(*review, refused("because"))),
            *kube::parse_json(
                R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"7","allowed":false,
                "status":{"metadata":{},"status":"Failure","reason":"Forbidden","message":"because","code":403}}})"));
}

TEST(AdmissionReview, OfADeletionIsAboutTheObjectThatWas) {
  const auto review = decode_review(review_text(
      "admission.k8s.io/v1",
      R"({"uid":"7","operation":"DELETE","name":"b","namespace":"x","object":null,"oldObject":{"metadata":{"name":"b","namespace":"x"}}})"));
  ASSERT_TRUE(review);
  EXPECT_EQ(review->operation, Operation::kDelete);
  EXPECT_EQ(review->key, (ObjectKey{"x", "b"}));
}

TEST(AdmissionReview, WhatIsNoneIsRefusedWithoutVersion) {
  for (const std::string text : {"", "[]", "{}", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"})",
                                 R"({"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","request":{}})",
                                 R"({"apiVersion":"admission.k8s.io/v1","kind":"Review","request":{}})"}) {
    const auto review = decode_review(text);
    ASSERT_FALSE(review) << text;
    EXPECT_FALSE(review.error().empty());
  }
  EXPECT_EQ(*kube::parse_json(encode_answer(not_understood("no"))),
            *kube::parse_json(R"({"response":{"uid":"","allowed":false,"status":
                {"metadata":{},"status":"Failure","reason":"BadRequest","message":"no","code":400}}})"));
}

}  // namespace
}  // namespace metallb::admission
