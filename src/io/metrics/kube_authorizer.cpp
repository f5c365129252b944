#include "io/metrics/kube_authorizer.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "base/random.hpp"
#include "io/clock.hpp"
#include "io/entropy.hpp"
#include "io/metrics/access_cache.hpp"
#include "io/metrics/access_review.hpp"

namespace metallb::io {
namespace {

constexpr const char* kTokenReviews = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
constexpr std::chrono::milliseconds kReviewTimeout{10'000};
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr double kPauseGrowth = 1.5;
constexpr double kPauseJitter = 0.2;
constexpr int kAttempts = 5;

/// Worth another attempt: the connection failed, or the server has a passing trouble of its own.
bool is_passing(const std::expected<KubeResponse, SystemError>& answer) {
  return !answer || answer->status == 429 || answer->status >= 500;
}

class Reviews : public std::enable_shared_from_this<Reviews> {
 public:
  Reviews(KubeClient& client, boost::asio::io_context& loop) : client_(client), loop_(loop), random_(random_seed()) {}

  void decide(std::string token, std::string method, std::string path, std::function<void(AccessDecision)> done) {
    std::ranges::transform(method, method.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    auto next = [self = shared_from_this(), verb = std::move(method), path = std::move(path),
                 done](const TokenVerdict& verdict) {
      if (!verdict.user) return done({.status = 401, .text = "Unauthorized"});
      self->authorize(*verdict.user, verb, path, done);
    };
    if (const auto known = cache_.token(now().steady, token)) return next(*known);
    auto request = token_review_request(token);
    post(kTokenReviews, std::move(request),
         [self = shared_from_this(), token = std::move(token), next, done](const std::string& body) {
           auto verdict = read_token_review(body);
           if (!verdict) return done({.status = 500, .text = "Authentication failed"});
           self->cache_.remember_token(now().steady, token, *verdict);
           next(*verdict);
         });
  }

 private:
  void authorize(const ReviewedUser& user, const std::string& verb, const std::string& path,
                 const std::function<void(AccessDecision)>& done) {
    const auto conclude = [done, user](bool allowed) {
      if (allowed) return done({});
      done({.status = 403, .text = "Authorization denied for user " + user.name});
    };
    if (const auto known = cache_.access(now().steady, user, verb, path)) return conclude(*known);
    post(kAccessReviews, access_review_request(user, verb, path),
         [self = shared_from_this(), user, verb, path, conclude, done](const std::string& body) {
           const auto allowed = read_access_review(body);
           if (!allowed) return done({.status = 500, .text = "Authorization for user " + user.name + " failed"});
           self->cache_.remember_access(now().steady, user, verb, path, *allowed);
           conclude(*allowed);
         });
  }

  /// `then` gets the answer's body; an empty one when the server could not be asked or refused to answer.
  void post(std::string target, std::string body, std::function<void(const std::string&)> then, int attempt = 1,
            std::chrono::milliseconds pause = kFirstPause) {
    KubeClient::Request request{
        .method = "POST", .target = target, .content_type = "application/json", .body = body, .timeout = kReviewTimeout};
    client_.request(std::move(request), [self = shared_from_this(), target = std::move(target), body = std::move(body),
                                         then = std::move(then), attempt,
                                         pause](const std::expected<KubeResponse, SystemError>& answer) {
      if (!is_passing(answer)) return then(answer->status < 300 ? answer->body : std::string());
      if (attempt == kAttempts) return then({});
      auto timer = std::make_shared<boost::asio::steady_timer>(self->loop_, self->random_.jittered(pause, kPauseJitter));
      timer->async_wait([self, timer, target, body, then, attempt, pause](const boost::system::error_code& cancelled) {
        if (cancelled) return;
        const auto longer = std::chrono::duration_cast<std::chrono::milliseconds>(pause * kPauseGrowth);
        self->post(target, body, then, attempt + 1, longer);
      });
    });
  }

  KubeClient& client_;
  boost::asio::io_context& loop_;
  Random random_;
  AccessCache cache_;
};

}  // namespace

Authorizer kube_authorizer(KubeClient& client, boost::asio::io_context& loop) {
  return [reviews = std::make_shared<Reviews>(client, loop)](std::string token, std::string method, std::string path,
                                                             std::function<void(AccessDecision)> done) {
    reviews->decide(std::move(token), std::move(method), std::move(path), std::move(done));
  };
}

}  // namespace metallb::io
