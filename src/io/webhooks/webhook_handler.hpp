// Answers what the API server asks of webhooks: lists what admission/ must know, lets it judge or convert, and responds.
//
// Objects are listed live for each review, not taken from a watch, so that of two objects of one file the second is judged
// with the first. Thread: main.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "io/http/http_server.hpp"
#include "io/kube/kube_client.hpp"

namespace metallb::io {

class WebhookHandler {
 public:
  /// `namespace_`: MetalLB's own. `client` must outlive the answers under way.
  WebhookHandler(KubeClient& client, std::string namespace_, Log log);
  /// For an HttpServer.
  void answer(const HttpServerRequest& request, std::shared_ptr<HttpResponder> responder);

 private:
  void review(const HttpServerRequest& request, std::string_view path, std::shared_ptr<HttpResponder> responder);
  void convert(const HttpServerRequest& request, HttpResponder& responder) const;

  KubeClient& client_;
  std::string namespace_;
  Log log_;
};

}  // namespace metallb::io
