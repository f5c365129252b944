#include "io/webhooks/ca_injector.hpp"

#include <boost/json/serialize.hpp>
#include <memory>
#include <utility>

#include "kube/json_text.hpp"

namespace metallb::io {
namespace {

constexpr int kInjectionAttempts = 5;
/// Tools that compare what is installed with what is in a repository know to ignore the fields of this manager.
constexpr const char* kFieldManager = "?fieldManager=MetalLB";

class Injection : public std::enable_shared_from_this<Injection> {
 public:
  using Done = std::function<void(std::expected<bool, std::string>)>;

  Injection(KubeClient& client, admission::Inject wanted, Done done)
      : client_(client),
        wanted_(std::move(wanted)),
        done_(std::move(done)),
        path_(admission::resource_of(wanted_.holder).path(ObjectKey{{}, admission::name_of(wanted_.holder)})) {}

  void read() {
    KubeClient::Request request;
    request.target = path_;
    client_.request(std::move(request), [self = shared_from_this()](const auto& answer) { self->take(answer); });
  }

 private:
  using Answer = std::expected<KubeResponse, SystemError>;

  void take(const Answer& answer) {
    if (answer && answer->status == 404) return done_(false);
    if (!answer || answer->status != 200) return fail("GET", answer);
    const auto object = kube::parse_json(answer->body);
    if (!object) return done_(std::unexpected("GET " + path_ + ": the answer is no JSON"));
    const auto changed = admission::with_authority(wanted_.holder, *object, wanted_.authority);
    if (!changed) return done_(false);
    KubeClient::Request request;
    request.method = "PUT";
    request.target = path_ + kFieldManager;
    request.content_type = "application/json";
    request.body = boost::json::serialize(*changed);
    client_.request(std::move(request), [self = shared_from_this()](const auto& written) { self->written(written); });
  }

  void written(const Answer& answer) {
    if (answer && answer->status == 409 && ++attempts_ < kInjectionAttempts) return read();
    if (!answer || answer->status != 200) return fail("PUT", answer);
    done_(true);
  }

  void fail(const std::string& method, const Answer& answer) {
    done_(std::unexpected(method + " " + path_ + ": " +
                          (answer ? "HTTP status " + std::to_string(answer->status) + ": " + answer->body.substr(0, 200)
                                  : answer.error().to_string())));
  }

  KubeClient& client_;
  admission::Inject wanted_;
  Done done_;
  std::string path_;
  int attempts_ = 0;
};

}  // namespace

void inject_authority(KubeClient& client, const admission::Inject& wanted,
                      std::function<void(std::expected<bool, std::string>)> done) {
  std::make_shared<Injection>(client, wanted, std::move(done))->read();
}

}  // namespace metallb::io
