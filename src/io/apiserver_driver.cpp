#include "io/apiserver_driver.hpp"

#include <unordered_map>
#include <utility>

#include "io/driver.hpp"

namespace metallb::io {
namespace {

namespace api = apiserver;

class NetworkedApiserver : public ApiserverDriver {
 public:
  NetworkedApiserver(boost::asio::io_context& loop, api::Instance& core)
      : driver_(loop, core, [this](api::Output& actions) { carry_out(actions); }) {}

  std::expected<void, SystemError> listen(boost::asio::io_context& loop, HttpServer::Options options, Log log) {
    auto handler = [this](HttpServerRequest request, std::shared_ptr<HttpResponder> responder) {
      receive(std::move(request), std::move(responder));
    };
    auto server = HttpServer::listen(loop, std::move(options), std::move(handler), log);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    driver_.wake();
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  void stop() override { server_->stop(); }

 private:
  void receive(HttpServerRequest request, std::shared_ptr<HttpResponder> responder) {
    const api::RequestId id(++last_id_);
    responder->on_closed([this, id, alive = std::weak_ptr<void>(alive_)] {
      if (alive.expired() || responders_.erase(id) == 0) return;
      driver_.feed(api::StreamClosed{id});
    });
    responders_.emplace(id, std::move(responder));
    driver_.feed(api::Request{.id = id,
                              .method = std::move(request.method),
                              .target = std::move(request.target),
                              .headers = std::move(request.headers),
                              .body = std::move(request.body)});
  }

  void carry_out(api::Output& actions) {
    for (auto& action : actions) {
      std::visit([this](auto& a) { perform(a); }, action);
    }
  }

  void perform(api::Respond& answer) {
    if (const auto responder = take(answer.id)) {
      responder->respond(answer.status, answer.content_type, std::move(answer.body), answer.headers);
    }
  }
  void perform(api::OpenStream& opened) {
    if (const auto found = responders_.find(opened.id); found != responders_.end())
      found->second->open_stream(opened.content_type);
  }
  void perform(api::StreamData& more) {
    if (const auto found = responders_.find(more.id); found != responders_.end())
      found->second->stream(std::move(more.data));
  }
  void perform(api::EndStream& ended) {
    if (const auto responder = take(ended.id)) responder->end_stream();
  }

  /// Null when the client is gone already: the core's action and the news of it crossed.
  std::shared_ptr<HttpResponder> take(api::RequestId id) {
    auto node = responders_.extract(id);
    return node.empty() ? nullptr : std::move(node.mapped());
  }

  std::unordered_map<api::RequestId, std::shared_ptr<HttpResponder>> responders_;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
  Driver<api::Instance, api::Input, api::Output> driver_;
  std::unique_ptr<HttpServer> server_;  // last: closed before what its connections refer to
};

}  // namespace

std::expected<std::unique_ptr<ApiserverDriver>, SystemError> ApiserverDriver::start(boost::asio::io_context& loop,
                                                                                    api::Instance& core,
                                                                                    HttpServer::Options options, Log log) {
  auto driver = std::make_unique<NetworkedApiserver>(loop, core);
  if (auto listening = driver->listen(loop, std::move(options), log); !listening) return std::unexpected(listening.error());
  return driver;
}

}  // namespace metallb::io
