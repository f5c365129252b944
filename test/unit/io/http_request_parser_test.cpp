#include "io/http/request_parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace metallb::io {
namespace {

RC_GTEST_PROP(RequestParser, ReadsTheSameRequestHoweverItsBytesArrive, ()) {
  const std::string wire =
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Y: z\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n";
  const std::string next = "GET /next";
  RequestParser parser(1024, 1024);
  std::string input;
  std::size_t sent = 0;
  const auto all = wire + next;
  bool complete = false;
  while (!complete && sent < all.size()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 20);
    input += all.substr(sent, size);
    sent = std::min(all.size(), sent + size);
    const auto fed = parser.feed(input);
    RC_ASSERT(fed.has_value());
    complete = *fed;
  }
  RC_ASSERT(complete);
  const auto request = parser.take();
  RC_ASSERT(request.method == "POST");
  RC_ASSERT(request.target == "/a?b=c");
  RC_ASSERT(request.headers.at("x-y") == "z");
  RC_ASSERT(request.body == "abcde");
  RC_ASSERT(input + all.substr(sent) == next);
}

RC_GTEST_PROP(RequestParser, SurvivesAnyBytes, (std::string bytes)) {
  RequestParser parser(64, 64);
  const auto fed = parser.feed(bytes);
  RC_SUCCEED_IF(fed.has_value());
  RC_ASSERT(fed.error().status >= 400);
}

TEST(RequestParser, KnowsTheUsualTextForAStatus) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
}

}  // namespace
}  // namespace metallb::io
