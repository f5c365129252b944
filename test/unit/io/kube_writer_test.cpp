// The writer against a small real server: verbs, preconditions, conflicts, order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;
using kube::Verb;
using Reason = kube::WriteError::Reason;
using testing::HasSubstr;

class KubeWriterTest : public testing::Test {
 protected:
  static kube::Write write(Verb verb, const std::string& body = {}, const std::string& name = "web") {
    return {.id = ActionId(7),
            .verb = verb,
            .resource = &kube::resource_of<kube::Service>(),
            .key = {"shop", name},
            .subresource = {},
            .body = body,
            .uid = {}};
  }
  void submit(kube::Write w) {
    writer_->submit(std::move(w), [this](kube::WriteDone done) { done_.push_back(std::move(done)); });
  }
  kube::WriteDone carry_out(kube::Write w) {
    const auto before = done_.size();
    submit(std::move(w));
    EXPECT_TRUE(run_until(loop_, [&] { return done_.size() > before; }));
    return done_.size() > before ? done_.back() : kube::WriteDone{ActionId(0), std::string("no answer came")};
  }
  [[nodiscard]] std::vector<std::string> sent() const {
    std::vector<std::string> out;
    for (const auto& r : server_.received()) out.push_back(r.method + " " + r.target);
    return out;
  }
  /// A server that lets nobody patch, as with the roles of the original's manifests.
  void forbid_patches(FakeServer::Handler otherwise) {
    reply_ = [otherwise = std::move(otherwise)](const Received& r) {
      return r.method == "PATCH" ? status(403, "Forbidden", "cannot patch") : otherwise(r);
    };
  }
  static Reply status(int code, const std::string& reason, const std::string& message) {
    return answer(code, R"({"kind":"Status","reason":")" + reason + R"(","message":")" + message + "\"}");
  }

  boost::asio::io_context loop_;
  FakeServer::Handler reply_ = [](const Received&) { return answer(200, "{}"); };
  FakeServer server_{loop_, [this](const Received& r) { return reply_(r); }};
  std::unique_ptr<KubeClient> client_ = KubeClient::create(loop_, server_.endpoint(), {});
  std::unique_ptr<KubeWriter> writer_ = KubeWriter::create(*client_, loop_, {});
  std::vector<kube::WriteDone> done_;
};

constexpr auto kFresh = R"({"metadata":{"uid":"u1","resourceVersion":"5","labels":{"kept":"yes"}},"unknown":{"x":1}})";

TEST_F(KubeWriterTest, CreatesWithAPostToTheCollection) {
  reply_ = [](const Received&) { return answer(201, R"({"made":true})"); };
  const auto done = carry_out(write(Verb::kCreate, R"({"kind":"Service"})"));
  EXPECT_EQ(done.id, ActionId(7));
  EXPECT_EQ(done.result.value(), R"({"made":true})");
  EXPECT_THAT(sent(), testing::ElementsAre("POST /api/v1/namespaces/shop/services"));
  EXPECT_EQ(server_.received()[0].body, R"({"kind":"Service"})");
  EXPECT_EQ(server_.received()[0].headers.at("content-type"), "application/json");
}

TEST_F(KubeWriterTest, AsksBeforeEachRequestWhetherItMay) {
  bool may = true;
  writer_ = KubeWriter::create(*client_, loop_, {}, [&] { return may; });
  // Between reading the object and writing it the permission ends.
  forbid_patches([&](const Received&) {
    may = false;
    return answer(200, kFresh);
  });
  const std::string object = " /api/v1/namespaces/shop/services/web";
  const auto done = carry_out(write(Verb::kUpdate, R"({"status":{"x":1}})"));
  ASSERT_FALSE(done.result);
  EXPECT_EQ(done.result.error().reason, Reason::kUnavailable);
  EXPECT_THAT(sent(), testing::ElementsAre("PATCH" + object, "GET" + object));
  may = true;
  reply_ = [](const Received&) { return answer(200, kFresh); };
  EXPECT_TRUE(carry_out(write(Verb::kUpdate, R"({"status":{"x":1}})")).result) << "afterwards it goes on as before";
}

TEST_F(KubeWriterTest, PatchesTheSubresourceWithAMergePatch) {
  auto w = write(Verb::kMergePatch, R"({"status":{}})");
  w.subresource = "status";
  ASSERT_TRUE(carry_out(w).result.has_value());
  EXPECT_THAT(sent(), testing::ElementsAre("PATCH /api/v1/namespaces/shop/services/web/status"));
  EXPECT_EQ(server_.received()[0].headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(server_.received()[0].body, R"({"status":{}})");
}

TEST_F(KubeWriterTest, UpdatesWithOneRequestWhereItMayPatch) {
  reply_ = [](const Received&) { return answer(200, kFresh); };
  auto w = write(Verb::kUpdate, R"({"metadata":{"annotations":{"pool":"a"}}})");
  w.subresource = "status";
  w.uid = "u1";
  EXPECT_EQ(carry_out(w).result.value(), kFresh);
  EXPECT_THAT(sent(), testing::ElementsAre("PATCH /api/v1/namespaces/shop/services/web/status"));
  EXPECT_EQ(boost::json::parse(server_.received()[0].body),
            boost::json::parse(R"({"metadata":{"annotations":{"pool":"a"},"uid":"u1"}})"));
}

TEST_F(KubeWriterTest, AsksOnceWhetherItMayPatch) {
  forbid_patches([](const Received& r) { return answer(200, r.method == "GET" ? kFresh : r.body); });
  for (const char* name : {"web", "mail"}) {
    ASSERT_TRUE(carry_out(write(Verb::kUpdate, R"({"a":1})", name)).result.has_value());
  }
  EXPECT_THAT(sent(),
              testing::ElementsAre("PATCH /api/v1/namespaces/shop/services/web", "GET /api/v1/namespaces/shop/services/web",
                                   "PUT /api/v1/namespaces/shop/services/web", "GET /api/v1/namespaces/shop/services/mail",
                                   "PUT /api/v1/namespaces/shop/services/mail"));
}

TEST_F(KubeWriterTest, UpdatesTheFreshObjectAndKeepsWhatItDoesNotKnow) {
  forbid_patches([](const Received& r) { return answer(200, r.method == "GET" ? kFresh : r.body); });
  auto w = write(Verb::kUpdate, R"({"metadata":{"annotations":{"pool":"a"}}})");
  w.subresource = "status";
  const auto done = carry_out(w);
  ASSERT_TRUE(done.result.has_value()) << done.result.error().message;
  EXPECT_THAT(sent(), testing::ElementsAre("PATCH /api/v1/namespaces/shop/services/web/status",
                                           "GET /api/v1/namespaces/shop/services/web",
                                           "PUT /api/v1/namespaces/shop/services/web/status"));
  EXPECT_EQ(boost::json::parse(*done.result), boost::json::parse(R"({"metadata":{"uid":"u1","resourceVersion":"5",
      "labels":{"kept":"yes"},"annotations":{"pool":"a"}},"unknown":{"x":1}})"));
}

TEST_F(KubeWriterTest, WritesNothingWhenTheUpdateChangesNothing) {
  forbid_patches([](const Received&) { return answer(200, kFresh); });
  const auto done = carry_out(write(Verb::kUpdate, R"({"metadata":{"labels":{"kept":"yes","gone":null}}})"));
  EXPECT_EQ(done.result.value(), kFresh);
  EXPECT_EQ(sent().back(), "GET /api/v1/namespaces/shop/services/web");
}

TEST_F(KubeWriterTest, RepeatsAConflictingUpdateOnTheFreshObject) {
  int version = 0;
  forbid_patches([&](const Received& r) {
    if (r.method == "GET") return answer(200, R"({"metadata":{"resourceVersion":")" + std::to_string(++version) + "\"}}");
    return version < 4 ? status(409, "Conflict", "changed meanwhile") : answer(200, r.body);
  });
  const auto done = carry_out(write(Verb::kUpdate, R"({"a":1})"));
  ASSERT_TRUE(done.result.has_value()) << done.result.error().message;
  EXPECT_EQ(boost::json::parse(*done.result), boost::json::parse(R"({"metadata":{"resourceVersion":"4"},"a":1})"));
  EXPECT_EQ(server_.received().size(), 9);
}

TEST_F(KubeWriterTest, GivesUpAnUpdateThatConflictsForEver) {
  forbid_patches([&](const Received& r) {
    return r.method == "GET" ? answer(200, kFresh) : status(409, "Conflict", "changed meanwhile");
  });
  const auto done = carry_out(write(Verb::kUpdate, R"({"a":1})"));
  ASSERT_FALSE(done.result.has_value());
  EXPECT_EQ(done.result.error().reason, Reason::kConflict);
  EXPECT_EQ(done.result.error().message, "changed meanwhile");
  EXPECT_EQ(server_.received().size(), 17);
}

TEST_F(KubeWriterTest, TouchesNoObjectWithAnotherUid) {
  reply_ = [](const Received& r) { return r.method == "GET" ? answer(200, kFresh) : status(409, "Conflict", "uid"); };
  for (const auto verb : {Verb::kUpdate, Verb::kDelete, Verb::kMergePatch}) {
    auto w = write(verb, R"({"a":1})");
    w.uid = "u0";
    const auto done = carry_out(w);
    ASSERT_FALSE(done.result.has_value());
    EXPECT_EQ(done.result.error().reason, Reason::kGone) << static_cast<int>(verb);
  }
  for (const auto& r : server_.received()) EXPECT_NE(r.method, "PUT");
}

TEST_F(KubeWriterTest, SendsTheUidAsAPreconditionOfADeletion) {
  auto w = write(Verb::kDelete);
  w.uid = "u1";
  const auto done = carry_out(w);
  EXPECT_EQ(done.result.value(), "");
  EXPECT_EQ(boost::json::parse(server_.received()[0].body).at("preconditions").at("uid").as_string(), "u1");
}

TEST_F(KubeWriterTest, SendsTheUidInsideAPatch) {
  reply_ = [](const Received&) { return answer(200, kFresh); };
  auto w = write(Verb::kMergePatch, R"({"metadata":{"labels":{"a":"b"}}})");
  w.uid = "u1";
  ASSERT_TRUE(carry_out(w).result.has_value());
  EXPECT_EQ(boost::json::parse(server_.received()[0].body),
            boost::json::parse(R"({"metadata":{"labels":{"a":"b"},"uid":"u1"}})"));
}

TEST_F(KubeWriterTest, ClassifiesRefusals) {
  struct Case {
    int status;
    Verb verb;
    Reason reason;
  };
  for (const auto& c : {Case{404, Verb::kDelete, Reason::kNotFound}, Case{409, Verb::kCreate, Reason::kAlreadyExists},
                        Case{409, Verb::kMergePatch, Reason::kConflict}, Case{401, Verb::kCreate, Reason::kForbidden},
                        Case{403, Verb::kUpdate, Reason::kForbidden}, Case{400, Verb::kCreate, Reason::kInvalid},
                        Case{422, Verb::kMergePatch, Reason::kInvalid}, Case{429, Verb::kCreate, Reason::kUnavailable},
                        Case{500, Verb::kCreate, Reason::kUnavailable}, Case{503, Verb::kUpdate, Reason::kUnavailable}}) {
    reply_ = [&](const Received&) { return status(c.status, "Whatever", "said so"); };
    const auto done = carry_out(write(c.verb, "{}"));
    ASSERT_FALSE(done.result.has_value()) << c.status;
    EXPECT_EQ(done.result.error().reason, c.reason) << c.status;
    EXPECT_EQ(done.result.error().message, "said so");
  }
}

TEST_F(KubeWriterTest, SaysUnavailableWhenNobodyAnswers) {
  const auto address = FakeServer(loop_, reply_).endpoint();
  const auto client = KubeClient::create(loop_, address, {});
  writer_ = KubeWriter::create(*client, loop_, {});
  const auto done = carry_out(write(Verb::kCreate, "{}"));
  ASSERT_FALSE(done.result.has_value());
  EXPECT_EQ(done.result.error().reason, Reason::kUnavailable);
  EXPECT_THAT(done.result.error().message, HasSubstr("connect"));
  writer_.reset();
}

TEST_F(KubeWriterTest, WritesOneObjectInOrderAndManyAtOnce) {
  reply_ = [](const Received&) { return Reply{{}, Reply::Then::kHang}; };
  submit(write(Verb::kMergePatch, R"({"n":1})"));
  submit(write(Verb::kMergePatch, R"({"n":2})"));
  submit(write(Verb::kMergePatch, R"({"n":3})", "mail"));
  ASSERT_TRUE(run_until(loop_, [&] { return server_.received().size() == 2; }));
  settle(loop_);
  ASSERT_EQ(server_.received().size(), 2);
  EXPECT_THAT((std::vector{server_.received()[0].body, server_.received()[1].body}),
              testing::UnorderedElementsAre(R"({"n":1})", R"({"n":3})"));
  server_.push(answer(200, "{}").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return server_.received().size() == 3; }));
  EXPECT_EQ(server_.received()[2].body, R"({"n":2})");
}

TEST_F(KubeWriterTest, LeavesRoomForListsWhileABurstOfWritesIsUnderWay) {
  reply_ = [](const Received& r) { return r.method == "GET" ? answer(200, "{}") : Reply{{}, Reply::Then::kHang}; };
  for (int i = 0; i < 1000; ++i) submit(write(Verb::kMergePatch, "{}", "web" + std::to_string(i)));
  ASSERT_TRUE(run_until(loop_, [&] { return server_.received().size() == 6; }));
  settle(loop_);
  EXPECT_EQ(server_.received().size(), 6);
  bool listed = false;
  KubeClient::Request list;
  list.target = "/api/v1/nodes";
  client_->request(list, [&](const auto& answer) { listed = answer.has_value(); });
  ASSERT_TRUE(run_until(loop_, [&] { return listed; }));
  reply_ = [](const Received&) { return answer(200, "{}"); };
  server_.push(answer(200, "{}").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return done_.size() == 1000; }));
  EXPECT_EQ(server_.received().size(), 1001);
}

TEST_F(KubeWriterTest, WritesToAnObjectThatCameLaterBeforeTheSecondWriteOfTheFirst) {
  reply_ = [](const Received&) { return answer(200, "{}"); };
  for (int i = 0; i < 6; ++i) submit(write(Verb::kMergePatch, R"({"n":1})", "busy" + std::to_string(i)));
  for (int i = 0; i < 6; ++i) submit(write(Verb::kMergePatch, R"({"n":2})", "busy" + std::to_string(i)));
  submit(write(Verb::kMergePatch, R"({"n":3})", "late"));
  ASSERT_TRUE(run_until(loop_, [&] { return done_.size() == 13; }));
  std::vector<std::string> order;
  for (const auto& r : server_.received()) order.push_back(r.body);
  EXPECT_LT(std::find(order.begin(), order.end(), R"({"n":3})"), std::find(order.begin(), order.end(), R"({"n":2})"));
}

TEST_F(KubeWriterTest, TellsWhenTheFirstWriteComesAndWhenTheLastIsDone) {
  reply_ = [](const Received&) { return answer(200, "{}"); };
  std::vector<std::string> told;
  writer_ = KubeWriter::create(*client_, loop_, {}, {}, [&](bool busy) {
    told.push_back((busy ? "busy " : "idle ") + std::to_string(done_.size()));
  });
  for (int i = 0; i < 10; ++i) submit(write(Verb::kMergePatch, R"({"n":1})", "web" + std::to_string(i)));
  EXPECT_THAT(told, testing::ElementsAre("busy 0"));
  ASSERT_TRUE(run_until(loop_, [&] { return told.size() == 2; }));
  EXPECT_THAT(told, testing::ElementsAre("busy 0", "idle 10"));
  bool second = false;
  writer_->submit(write(Verb::kMergePatch, R"({"n":1})"), [&](const kube::WriteDone&) {
    writer_->submit(write(Verb::kMergePatch, R"({"n":2})"), [&](const kube::WriteDone&) { second = true; });
  });
  ASSERT_TRUE(run_until(loop_, [&] { return told.size() == 4; }));
  EXPECT_TRUE(second) << "the write that an outcome brings belongs to the same time";
}

TEST_F(KubeWriterTest, ReportsNoOutcomeFromWithinTheSubmission) {
  auto bad = write(Verb::kUpdate, "not JSON");
  bad.uid = "u1";
  submit(bad);
  EXPECT_TRUE(done_.empty());
  ASSERT_TRUE(run_until(loop_, [&] { return done_.size() == 1; }));
  EXPECT_EQ(done_[0].result.error().reason, Reason::kInvalid);
}

TEST_F(KubeWriterTest, TakesTheNextWriteOfAnObjectFromWithinTheOutcomeOfTheLast) {
  bool second = false;
  writer_->submit(write(Verb::kMergePatch, R"({"n":1})"), [&](const kube::WriteDone&) {
    writer_->submit(write(Verb::kMergePatch, R"({"n":2})"), [&](const kube::WriteDone&) { second = true; });
  });
  ASSERT_TRUE(run_until(loop_, [&] { return second; }));
  EXPECT_EQ(server_.received()[1].body, R"({"n":2})");
}

}  // namespace
}  // namespace metallb::io
