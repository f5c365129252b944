// Events come behind the writes of other writers, on a real server: what the recorder decides (event_turns_test.cpp) is what
// is sent.
#include "io/kube/event_publisher.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;

kube::EventNote note_about(const std::string& service) {
  kube::EventNote out;
  out.about = {.apiVersion = "v1", .kind = "Service", .namespace_ = "shop", .name = service};
  out.reason = "IPAllocated";
  out.message = "Assigned IP";
  return out;
}

class EventPublisherTest : public testing::Test {
 protected:
  void write_status(const std::string& name) {
    writer_->submit({.id = ActionId(1),
                     .verb = kube::Verb::kMergePatch,
                     .resource = &kube::resource_of<kube::Service>(),
                     .key = {"shop", name},
                     .subresource = "status",
                     .body = "{}",
                     .uid = {}},
                    [this](const kube::WriteDone&) { ++statuses_; });
  }
  [[nodiscard]] std::size_t sent(const std::string& method) const {
    return static_cast<std::size_t>(std::count_if(server_.received().begin(), server_.received().end(),
                                                  [&](const Received& r) { return r.method == method; }));
  }

  boost::asio::io_context loop_;
  FakeServer::Handler reply_ = [](const Received&) { return answer(200, "{}"); };
  FakeServer server_{loop_, [this](const Received& r) { return reply_(r); }};
  std::unique_ptr<KubeClient> client_ = KubeClient::create(loop_, server_.endpoint(), {});
  std::unique_ptr<KubeWriter> event_writer_ = KubeWriter::create(*client_, loop_, {});
  EventPublisher events_{loop_, *event_writer_, {.component = "metallb-controller", .instance = ""}};
  std::unique_ptr<KubeWriter> writer_ = KubeWriter::create(*client_, loop_, {}, {}, events_.behind());
  std::unique_ptr<KubeWriter> second_writer_ = KubeWriter::create(*client_, loop_, {}, {}, events_.behind());
  int statuses_ = 0;
};

TEST_F(EventPublisherTest, AnEventIsWrittenAtOnceWhereNothingElseIs) {
  events_.publish(note_about("web"));
  ASSERT_TRUE(run_until(loop_, [&] { return sent("POST") == 1; }));
  EXPECT_EQ(server_.received()[0].target, "/api/v1/namespaces/shop/events");
}

TEST_F(EventPublisherTest, EventsComeBehindAllStatusWrites) {
  constexpr int kStatuses = 60;
  events_.publish(note_about("first"));
  ASSERT_TRUE(run_until(loop_, [&] { return sent("POST") == 1; }));
  for (int i = 0; i < kStatuses; ++i) {
    write_status("s" + std::to_string(i));
    events_.publish(note_about("s" + std::to_string(i)));
  }
  ASSERT_TRUE(run_until(loop_, [&] { return sent("POST") == kStatuses + 1; }));
  const auto& all = server_.received();
  const auto last_status = std::find_if(all.rbegin(), all.rend(), [](const Received& r) { return r.method == "PATCH"; });
  const auto second_event = std::find_if(all.begin() + 1, all.end(), [](const Received& r) { return r.method == "POST"; });
  EXPECT_EQ(statuses_, kStatuses);
  EXPECT_EQ(second_event - all.begin(), kStatuses + 1) << "the first event, then the statuses";
  EXPECT_EQ(last_status.base() - all.begin(), kStatuses + 1);
}

TEST_F(EventPublisherTest, EventsWaitUntilNoWriterIsBusy) {
  reply_ = [](const Received& r) { return r.method == "PATCH" ? Reply{{}, Reply::Then::kHang} : answer(201, "{}"); };
  write_status("web");
  bool deleted = false;
  second_writer_->submit({.id = ActionId(2),
                          .verb = kube::Verb::kDelete,
                          .resource = &kube::resource_of<kube::Service>(),
                          .key = {"shop", "old"},
                          .subresource = {},
                          .body = {},
                          .uid = {}},
                         [&](const kube::WriteDone&) { deleted = true; });
  events_.publish(note_about("web"));
  ASSERT_TRUE(run_until(loop_, [&] { return deleted && server_.hanging() == 1; }));
  for (int i = 0; i < 4; ++i) settle(loop_);
  EXPECT_EQ(sent("POST"), 0U);
  server_.push(answer(200, "{}").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return sent("POST") == 1; }));
  EXPECT_EQ(statuses_, 1);
}

}  // namespace
}  // namespace metallb::io
