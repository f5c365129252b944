#include "io/webhooks/webhook_handler.hpp"

#include <string_view>
#include <utility>

#include "admission/conversion.hpp"
#include "admission/judge.hpp"
#include "io/kube/object_list.hpp"

namespace metallb::io {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool is_json(const HttpServerRequest& request) {
  const auto found = request.headers.find("content-type");
  return found != request.headers.end() && found->second.starts_with(kJson);
}

void respond(HttpResponder& responder, std::string body) {
  responder.respond(200, kJson, std::move(body));
}

/// One review on its way; the listings hold it.
class Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  Inquiry(const admission::Webhook& webhook, admission::Review review, std::shared_ptr<HttpResponder> responder, Log log)
      : webhook_(webhook), review_(std::move(review)), responder_(std::move(responder)), log_(log) {}

  void list(KubeClient& client, const std::vector<admission::Listing>& listings) {
    waiting_ = listings.size();
    for (const auto& listing : listings) {
      list_objects(
          client, listing.target,
          [self = shared_from_this(), kind = listing.kind](const boost::json::value& item) {
            // What is stored in a shape that is not ours is of no use to the program, and in nobody's way.
            if (const auto object = admission::decode_object(kind, item)) admission::put(self->stored_, *object);
          },
          [self = shared_from_this(), target = listing.target](const std::expected<void, std::string>& listed) {
            self->take(target, listed);
          });
    }
  }

  void conclude(const admission::Verdict& verdict) {
    responded_ = true;
    log_.debug({{"op", "webhook"},
                {"kind", std::string(admission::resource_of(webhook_.kind).kind)},
                {"name", review_.key.to_string()},
                {"allowed", verdict.allowed},
                {"warnings", verdict.warnings},
                {"msg", verdict.message}});
    respond(*responder_, admission::encode_answer(review_, verdict));
  }

 private:
  void take(const std::string& target, const std::expected<void, std::string>& listed) {
    if (responded_) return;
    if (!listed) {
      log_.error({{"op", "webhook"}, {"target", target}, {"error", listed.error()}, {"msg", "cannot list what is stored"}});
      return conclude(admission::not_judged("cannot list the objects to compare with, try again: GET " + target + ": " +
                                            listed.error()));
    }
    if (--waiting_ == 0) conclude(admission::judge(webhook_, review_, stored_));
  }

  const admission::Webhook& webhook_;
  admission::Review review_;
  std::shared_ptr<HttpResponder> responder_;
  Log log_;
  config::Resources stored_;
  std::size_t waiting_ = 0;
  bool responded_ = false;
};

}  // namespace

WebhookHandler::WebhookHandler(KubeClient& client, std::string namespace_, Log log)
    : client_(client), namespace_(std::move(namespace_)), log_(log) {}

void WebhookHandler::answer(const HttpServerRequest& request, std::shared_ptr<HttpResponder> responder) {
  const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  const bool conversion = path == admission::kConversionPath;
  if (!conversion && admission::webhook_at(path) == nullptr) {
    return responder->respond(404, kPlainText, "404 page not found\n");
  }
  if (request.method != "POST") return responder->respond(405, kPlainText, "Method Not Allowed\n", {{"Allow", "POST"}});
  if (conversion) return convert(request, *responder);
  review(request, path, std::move(responder));
}

void WebhookHandler::review(const HttpServerRequest& request, std::string_view path,
                            std::shared_ptr<HttpResponder> responder) {
  const auto& webhook = *admission::webhook_at(path);
  auto review = is_json(request) ? admission::decode_review(request.body)
                                 : std::unexpected(std::string("expected the content type application/json"));
  if (!review) {
    log_.error({{"op", "webhook"}, {"error", review.error()}, {"msg", "received something that is no AdmissionReview"}});
    return respond(*responder, admission::encode_answer(admission::not_understood(review.error())));
  }
  const auto at_once = admission::judge_alone(webhook, *review, namespace_);
  const auto listings = admission::listings(webhook, *review, namespace_);
  const auto inquiry = std::make_shared<Inquiry>(webhook, *std::move(review), std::move(responder), log_);
  if (at_once) return inquiry->conclude(*at_once);
  inquiry->list(client_, listings);
}

void WebhookHandler::convert(const HttpServerRequest& request, HttpResponder& responder) const {
  auto answered = admission::answer_conversion(request.body);
  if (answered) return respond(responder, *std::move(answered));
  log_.error({{"op", "conversion"}, {"error", answered.error()}, {"msg", "received something that is no ConversionReview"}});
  responder.respond(400, kPlainText, {});  // operations spec 1.10
}

}  // namespace metallb::io
