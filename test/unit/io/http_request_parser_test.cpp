#include "io/http/request_parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

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

constexpr std::size_t kHeaderLimit = 1024;
const char* const kChunkedHead = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The status of the refusal, 0 without one, of `start` and then `endless` until it is refused or far above the limit.
int status_of_endless(const std::string& start, const std::string& endless) {
  RequestParser parser(kHeaderLimit, 64U << 10U);
  std::string input = start;
  for (std::size_t sent = 0; sent < 4 * kHeaderLimit; sent += endless.size()) {
    if (const auto fed = parser.feed(input); !fed) return fed.error().status;
    input += endless;
  }
  return 0;
}

TEST(RequestParser, RefusesWhatNeverEndsSoonAfterTheHeaderLimit) {
  const std::string head = kChunkedHead;
  EXPECT_EQ(status_of_endless("GET / HTTP/1.1\r\nHost: h\r\nX: ", "aaaaaaaaaa"), 431);
  EXPECT_EQ(status_of_endless("GET /", "aaaaaaaaaa"), 431);
  EXPECT_EQ(status_of_endless(head + "5;", "aaaaaaaaaa"), 431) << "chunk extension";
  EXPECT_EQ(status_of_endless(head + "5\r\nabcde\r\n5;x=", "aaaaaaaaaa"), 431) << "extension of a later chunk";
  EXPECT_EQ(status_of_endless(head + "0\r\n", "X: aaaaaa\r\n"), 431) << "trailer";
  EXPECT_EQ(status_of_endless(head + "0\r\nX: ", "aaaaaaaaaa"), 431) << "one trailer field";
}

TEST(RequestParser, TakesABodyFarAboveTheHeaderLimitWithShortExtensionsAndTrailers) {
  const std::string body(32U << 10U, 'b');
  const std::vector<std::string> wires = {
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 32768\r\n\r\n" + body,
      kChunkedHead + ("8000;name=value\r\n" + body) + "\r\n0\r\nX: y\r\n\r\n",
  };
  for (const auto& wire : wires) {
    for (const std::size_t step : {std::size_t{7}, std::size_t{4096}, wire.size()}) {
      RequestParser parser(kHeaderLimit, body.size());
      std::string input;
      bool complete = false;
      for (std::size_t sent = 0; sent < wire.size(); sent += step) {
        input += wire.substr(sent, step);
        const auto fed = parser.feed(input);
        ASSERT_TRUE(fed) << fed.error().reason;
        complete = *fed;
      }
      ASSERT_TRUE(complete);
      EXPECT_EQ(parser.take().body, body);
    }
  }
}

TEST(RequestParser, KnowsTheUsualTextForAStatus) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
}

}  // namespace
}  // namespace metallb::io
