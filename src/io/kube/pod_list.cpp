#include "io/kube/pod_list.hpp"

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "kube/json.hpp"
#include "kube/json_text.hpp"
#include "kube/resource.hpp"

namespace metallb::io {
namespace {

constexpr int kPageSize = 500;
/// Bodies of refusals go to the log, but not whole.
constexpr std::size_t kLoggedBody = 200;

/// One listing; its continuations hold it.
class Listing : public std::enable_shared_from_this<Listing> {
 public:
  using Done = std::function<void(std::expected<std::vector<kube::Pod>, std::string>)>;

  Listing(KubeClient& client, std::string target, Done done)
      : client_(client), target_(std::move(target)), done_(std::move(done)) {}

  void ask(const std::string& token) {
    KubeClient::Request request;
    request.target = token.empty() ? target_ : target_ + "&continue=" + kube::query_value(token);
    client_.request(std::move(request), [self = shared_from_this()](const auto& answer) { self->take(answer); });
  }

 private:
  void take(const std::expected<KubeResponse, SystemError>& answer) {
    if (!answer) return done_(std::unexpected(answer.error().to_string()));
    if (answer->status != 200) {
      return done_(
          std::unexpected("HTTP status " + std::to_string(answer->status) + ": " + answer->body.substr(0, kLoggedBody)));
    }
    const auto token = take_page(answer->body);
    if (!token) return done_(std::unexpected("the answer is no list of pods"));
    if (!token->empty()) return ask(*token);
    done_(std::move(pods_));
  }

  /// The token of the next page, empty after the last; nothing when it is no page.
  std::optional<std::string> take_page(const std::string& body) {
    const auto page = kube::parse_json(body);
    const auto* object = page ? page->if_object() : nullptr;
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !(items->is_array() || items->is_null())) return std::nullopt;
    if (items->is_array()) {
      for (const auto& item : items->get_array()) {
        if (auto pod = kube::decode<kube::Pod>(item)) pods_.push_back(std::move(*pod));
      }
    }
    const auto* metadata = kube::object_at(*object, "metadata");
    return metadata == nullptr ? std::string() : kube::string_at(*metadata, "continue");
  }

  KubeClient& client_;
  std::string target_;
  Done done_;
  std::vector<kube::Pod> pods_;
};

}  // namespace

void list_pods(KubeClient& client, const std::string& namespace_, const PodSelection& selection,
               std::function<void(std::expected<std::vector<kube::Pod>, std::string>)> done) {
  auto target = kube::resource_of<kube::Pod>().path(namespace_) + "?limit=" + std::to_string(kPageSize) +
                "&labelSelector=" + kube::query_value(selection.label_selector);
  if (!selection.field_selector.empty()) target += "&fieldSelector=" + kube::query_value(selection.field_selector);
  std::make_shared<Listing>(client, std::move(target), std::move(done))->ask({});
}

}  // namespace metallb::io
