#include "io/kube/object_list.hpp"

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <utility>

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
  using Item = std::function<void(const boost::json::value&)>;
  using Done = std::function<void(std::expected<void, std::string>)>;

  Listing(KubeClient& client, std::string target, Item item, Done done)
      : client_(client), target_(std::move(target)), item_(std::move(item)), done_(std::move(done)) {
    const auto limit = "limit=" + std::to_string(kPageSize);
    const auto query = target_.find('?');
    if (query == std::string::npos) {
      target_ += "?" + limit;
    } else {
      target_.insert(query + 1, limit + "&");
    }
  }

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
    if (!token) return done_(std::unexpected("the answer is no list"));
    if (!token->empty()) return ask(*token);
    done_({});
  }

  /// The token of the next page, empty after the last; nothing when it is no page.
  std::optional<std::string> take_page(const std::string& body) {
    const auto page = kube::parse_json(body);
    const auto* object = page ? page->if_object() : nullptr;
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !(items->is_array() || items->is_null())) return std::nullopt;
    if (items->is_array()) {
      for (const auto& item : items->get_array()) item_(item);
    }
    const auto* metadata = kube::object_at(*object, "metadata");
    return metadata == nullptr ? std::string() : kube::string_at(*metadata, "continue");
  }

  KubeClient& client_;
  std::string target_;
  Item item_;
  Done done_;
};

}  // namespace

void list_objects(KubeClient& client, std::string target, std::function<void(const boost::json::value&)> item,
                  std::function<void(std::expected<void, std::string>)> done) {
  std::make_shared<Listing>(client, std::move(target), std::move(item), std::move(done))->ask({});
}

}  // namespace metallb::io
