#include "apiserver/instance.hpp"

#include <algorithm>
#include <utility>

#include "apiserver/definitions/definition.hpp"
#include "apiserver/definitions/establish.hpp"
#include "apiserver/discovery.hpp"
#include "apiserver/lifecycle.hpp"
#include "apiserver/openapi.hpp"
#include "apiserver/reader.hpp"
#include "apiserver/registry.hpp"
#include "apiserver/reviews.hpp"
#include "apiserver/snapshot.hpp"
#include "apiserver/watches.hpp"
#include "apiserver/writer.hpp"
#include "base/contract.hpp"
#include "base/cut.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

/// kube-apiserver's limit for a request body.
constexpr std::size_t kBodyLimit = 3U << 20U;

std::string header(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

Respond json_answer(RequestId id, int status, const json::object& body) {
  return {
      .id = id, .status = status, .content_type = "application/json", .headers = {}, .body = json::serialize(body) + "\n"};
}

Respond error_answer(RequestId id, const Error& error) {
  return json_answer(id, error.code, error.to_status());
}

json::object deletion_status(const Kind& kind, const json::object& gone) {
  json::object details{{"name", text_at(gone, "metadata.name")}};
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.plural;
  details["uid"] = text_at(gone, "metadata.uid");
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::object{}},
          {"status", "Success"},
          {"details", std::move(details)}};
}

/// A dry run is all or nothing; other values are mistakes.
Result<bool> dry_run(const Query& query) {
  const auto value = query.text("dryRun");
  if (value.empty() || value == "All") return value == "All";
  return std::unexpected(bad_request("dryRun: Unsupported value: \"" + value + "\": supported values: \"All\""));
}

Result<WriteOptions> write_options(const Query& query) {
  const auto dry = dry_run(query);
  if (!dry) return std::unexpected(dry.error());
  const auto validation = query.text("fieldValidation");
  WriteOptions out{.dry_run = *dry};
  if (validation.empty() || validation == "Warn") return out;
  if (validation != "Ignore" && validation != "Strict") {
    return std::unexpected(bad_request("fieldValidation: Unsupported value: \"" + validation +
                                       "\": supported values: \"Ignore\", \"Strict\", \"Warn\""));
  }
  out.unknown_fields = validation == "Strict" ? UnknownFields::kRefuse : UnknownFields::kIgnore;
  return out;
}

/// Of all warnings of an answer, and of one when they are too many: proxies and clients refuse long headers. As in
/// kube-apiserver, but bytes and not characters.
constexpr std::size_t kWarningsLimit = 4096;
constexpr std::size_t kWarningLimit = 256;

/// RFC 7234, Section 5.5, as Kubernetes uses it: code 299, no agent, the text. What does not fit any more is cut, or left
/// out.
void warn(Respond& answer, const std::string& text) {
  auto& header = answer.headers["Warning"];
  for (const auto limit : {kWarningsLimit, kWarningLimit}) {
    const auto one = (header.empty() ? "299 - " : ", 299 - ") + json::serialize(json::value(cut(text, limit)));
    if (header.size() + one.size() > kWarningsLimit) continue;
    header += one;
    return;
  }
}

}  // namespace

class Instance::State {
 public:
  explicit State(Options options)
      : options_(std::move(options)),
        registry_(options_.seed, options_.watch_window,
                  {options_.cluster_cidrs, options_.first_node_port, options_.last_node_port}),
        definitions_(registry_),
        lifecycle_(registry_),
        writer_(registry_, lifecycle_),
        watches_(registry_.store(), options_.seed + 3) {}

  /// What a cluster has from its first day.
  void bootstrap(Now now);
  [[nodiscard]] Registry& registry() { return registry_; }

  void on_request(Now now, const Request& request, Output& out) {
    if (auto result = answer(now, request, out); !result) out.emplace_back(error_answer(request.id, result.error()));
    deliver(now, out);
  }
  void on_closed(RequestId id) { watches_.close(id); }

  void on_time(Now now, Output& out) {
    lifecycle_.on_time(now);
    deliver(now, out);
    watches_.on_time(now, out);
  }
  [[nodiscard]] SteadyPoint next_deadline() const { return std::min(lifecycle_.next_deadline(), watches_.next_deadline()); }

 private:
  /// What the changes since the last call mean to the kinds and to the watches.
  void deliver(Now now, Output& out) {
    definitions_.settle(now.wall);
    watches_.deliver(now, registry_.take_new_events(), out);
    const auto revision = registry_.kinds().revision();
    if (std::exchange(kinds_revision_, revision) != revision) watches_.end_unserved(out);
  }
  [[nodiscard]] Result<User> authenticate(const Request& request) const;
  Result<void> answer(Now now, const Request& request, Output& out);
  Result<void> answer_resource(Now now, const Request& request, const Target& target, const Route& route, Output& out);
  Result<void> dispatch(Now now, const Request& request, const Target& target, const Route& route, Output& out);
  Result<void> read(Now now, const Request& request, const Target& target, const Route& route, Output& out);
  Result<void> write(Now now, const Request& request, const Target& target, const Route& route, Output& out);
  Result<void> remove(Now now, const Request& request, const Target& target, const Route& route, Output& out);
  [[nodiscard]] std::optional<Respond> answer_fixed(const Request& request, const Target& target) const;

  Options options_;
  Registry registry_;
  Definitions definitions_;
  std::uint64_t kinds_revision_ = 0;
  Lifecycle lifecycle_;
  Writer writer_;
  Watches watches_;
};

void Instance::State::bootstrap(Now now) {
  const auto create = [&](const Kind& kind, const std::string& space, json::object object) {
    const Route route{&kind, kind.version, space, {}, {}};
    const auto kept = writer_.create(now, route, std::move(object), {});
    METALLB_CONTRACT(kept, "what a cluster starts with is valid: " + kept.error().message);
  };
  for (const auto* name : {"default", "kube-system", "kube-node-lease"}) {
    create(namespace_kind(), "", {{"metadata", json::object{{"name", name}}}});
  }
  const auto& cidr = options_.cluster_cidrs.front();
  const auto address = IpAddress::from_number(cidr.family(), cidr.first().number() + 1).to_string();
  const json::object port{{"name", "https"}, {"protocol", "TCP"}, {"port", 443}, {"targetPort", 6443}};
  create(
      service_kind(), "default",
      {{"metadata", json::object{{"name", "kubernetes"},
                                 {"labels", json::object{{"component", "apiserver"}, {"provider", "kubernetes"}}}}},
       {"spec", json::object{{"clusterIP", address}, {"clusterIPs", json::array{address}}, {"ports", json::array{port}}}}});
  add_builtin_definitions(registry_, kube::format_time(now.wall));
  definitions_.settle(now.wall);
  (void)registry_.take_new_events();
}

Result<User> Instance::State::authenticate(const Request& request) const {
  if (options_.tokens.empty()) return User{"system:anonymous", "", {"system:unauthenticated"}};
  const auto value = header(request, "authorization");
  constexpr std::string_view kScheme = "bearer ";
  const bool bearer = value.size() > kScheme.size() && std::equal(kScheme.begin(), kScheme.end(), value.begin(),
                                                                  [](char a, char b) { return a == (b | 0x20); });
  const auto found = bearer ? options_.tokens.find(value.substr(kScheme.size())) : options_.tokens.end();
  if (found == options_.tokens.end()) return std::unexpected(unauthorized());
  return found->second;
}

/// Paths that are no objects.
std::optional<Respond> Instance::State::answer_fixed(const Request& request, const Target& target) const {
  const auto& segments = target.segments;
  const auto json = [&request](const json::object& body) { return json_answer(request.id, 200, body); };
  if (segments == std::vector<std::string>{"version"}) return json(version_info(options_.version));
  if (segments.size() >= 2 && segments[0] == "openapi" && segments[1] == "v3") {
    const auto document = openapi_v3(registry_.kinds(), segments, options_.version);
    return document ? std::optional(json(*document)) : std::nullopt;
  }
  if (segments == std::vector<std::string>{"openapi", "v2"}) {
    auto document = openapi_v2(header(request, "accept"));
    return Respond{
        .id = request.id, .content_type = std::move(document.content_type), .headers = {}, .body = std::move(document.body)};
  }
  if (const auto found = discover(registry_.kinds(), segments)) return json(*found);
  return std::nullopt;
}

Result<void> Instance::State::answer(Now now, const Request& request, Output& out) {
  const auto target = parse_target(request.target);
  const bool get = request.method == "GET" || request.method == "HEAD";
  const auto& first = target.segments.empty() ? std::string() : target.segments[0];
  if (get && (first == "healthz" || first == "livez" || first == "readyz")) {
    out.emplace_back(Respond{.id = request.id, .content_type = "text/plain; charset=utf-8", .headers = {}, .body = "ok"});
    return {};
  }
  const auto user = authenticate(request);
  if (!user) return std::unexpected(user.error());
  if (request.body.size() > kBodyLimit) return std::unexpected(too_large("Request entity too large: limit is 3145728"));

  if (const auto route = resolve(registry_.kinds(), target.segments)) {
    if (!route->kind->review) return answer_resource(now, request, target, *route, out);
    if (request.method != "POST" || !route->name.empty()) return std::unexpected(method_not_allowed());
    auto review = parse_object(*route, header(request, "content-type"), request.body);
    if (!review) return std::unexpected(review.error());
    out.emplace_back(json_answer(request.id, 201, answer_review(*route->kind, std::move(*review), options_.tokens, *user)));
    return {};
  }
  auto fixed = get ? answer_fixed(request, target) : std::nullopt;
  if (!fixed) return std::unexpected(no_such_resource());
  out.emplace_back(std::move(*fixed));
  return {};
}

Result<void> Instance::State::answer_resource(Now now, const Request& request, const Target& target, const Route& route,
                                              Output& out) {
  if (!route.subresource.empty() && !(route.subresource == "status" && route.kind->has_status(route.version))) {
    return std::unexpected(no_such_resource());
  }
  if (auto result = dispatch(now, request, target, route, out); !result) return result;
  const auto* version = route.kind->custom ? route.kind->definition->find_version(route.version) : nullptr;
  auto* given = out.empty() ? nullptr : std::get_if<Respond>(&out.back());
  if (version != nullptr && given != nullptr && !version->deprecation.empty()) warn(*given, version->deprecation);
  return {};
}

Result<void> Instance::State::dispatch(Now now, const Request& request, const Target& target, const Route& route,
                                       Output& out) {
  if (request.method == "GET" || request.method == "HEAD") return read(now, request, target, route, out);
  if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    return write(now, request, target, route, out);
  if (request.method == "DELETE" && route.subresource.empty()) return remove(now, request, target, route, out);
  return std::unexpected(method_not_allowed());
}

Result<void> Instance::State::read(Now now, const Request& request, const Target& target, const Route& route, Output& out) {
  const auto form = negotiate(header(request, "accept"), target.query);
  if (!form) return std::unexpected(form.error());
  if (target.query.flag("watch") && route.subresource.empty()) {
    return watches_.open(now, request.id, route, target.query, *form, out);
  }
  if (!route.name.empty()) {
    const auto object = registry_.store().get(*route.kind, {route.namespace_, route.name});
    if (!object) return std::unexpected(not_found(*route.kind, route.name));
    out.emplace_back(json_answer(request.id, 200, render(*form, route, *object, now.wall)));
    return {};
  }
  const auto found = list(registry_.store(), route, target.query, *form, now.wall);
  if (!found) return std::unexpected(found.error());
  out.emplace_back(json_answer(request.id, 200, *found));
  return {};
}

Result<void> Instance::State::write(Now now, const Request& request, const Target& target, const Route& route, Output& out) {
  const auto form = negotiate(header(request, "accept"), target.query);
  if (!form) return std::unexpected(form.error());
  const auto options = write_options(target.query);
  if (!options) return std::unexpected(options.error());
  const bool create = request.method == "POST";
  const bool wrong_path =
      create ? !route.name.empty() || (route.kind->namespaced && route.namespace_.empty()) : route.name.empty();
  if (wrong_path) return std::unexpected(method_not_allowed());
  const auto content_type = header(request, "content-type");
  Result<Written> kept;
  if (request.method == "PATCH") {
    kept = writer_.patch(now, route, content_type, request.body, *options);
  } else {
    auto object = parse_object(route, content_type, request.body);
    if (!object) return std::unexpected(object.error());
    kept = create ? writer_.create(now, route, std::move(*object), *options)
                  : writer_.update(now, route, std::move(*object), *options);
  }
  if (!kept) return std::unexpected(kept.error());
  auto given = json_answer(request.id, create ? 201 : 200, render(*form, route, *kept->object, now.wall));
  for (const auto& warning : kept->warnings) warn(given, warning);
  out.emplace_back(std::move(given));
  return {};
}

Result<void> Instance::State::remove(Now now, const Request& request, const Target& target, const Route& route,
                                     Output& out) {
  const auto form = negotiate(header(request, "accept"), target.query);
  if (!form) return std::unexpected(form.error());
  if (const auto valid = dry_run(target.query); !valid) return std::unexpected(valid.error());
  const auto options = parse_delete_options(request.body, target.query);
  if (!options) return std::unexpected(options.error());
  if (!route.name.empty()) {
    const auto deletion = lifecycle_.remove(now, *route.kind, {route.namespace_, route.name}, *options);
    if (!deletion) return std::unexpected(deletion.error());
    const auto& object = *deletion->object;
    out.emplace_back(json_answer(
        request.id, 200, deletion->gone ? deletion_status(*route.kind, object) : render(*form, route, object, now.wall)));
    return {};
  }
  if (route.kind->namespaced && route.namespace_.empty()) return std::unexpected(method_not_allowed());
  const auto filter = Filter::from(*route.kind, target.query);
  if (!filter) return std::unexpected(filter.error());
  std::vector<ObjectKey> keys;
  for (const auto& [key, object] : registry_.store().objects(*route.kind)) {
    if ((route.namespace_.empty() || key.namespace_ == route.namespace_) && filter->matches(*object)) keys.push_back(key);
  }
  std::vector<ObjectPointer> gone;
  for (const auto& key : keys) {
    if (auto deletion = lifecycle_.remove(now, *route.kind, key, *options)) gone.push_back(std::move(deletion->object));
  }
  std::vector<const json::object*> items;
  for (const auto& object : gone) items.push_back(object.get());
  out.emplace_back(
      json_answer(request.id, 200, render_list(*form, route, items, {.version = registry_.store().version()}, now.wall)));
  return {};
}

Instance::Instance(Options options, Now now) : state_(std::make_unique<State>(std::move(options))) {
  state_->bootstrap(now);
}

Instance::Instance(std::unique_ptr<State> state) : state_(std::move(state)) {}

std::expected<Instance, std::string> Instance::restore(Options options, std::string_view snapshot) {
  auto state = std::make_unique<State>(std::move(options));
  if (auto read = read_snapshot(snapshot, state->registry()); !read) return std::unexpected(read.error());
  return Instance(std::move(state));
}

std::string Instance::snapshot() const {
  return write_snapshot(state_->registry());
}

Instance::~Instance() = default;
Instance::Instance(Instance&&) noexcept = default;
Instance& Instance::operator=(Instance&&) noexcept = default;

void Instance::on_input(Now now, const Input& in, Output& out) {
  if (const auto* request = std::get_if<Request>(&in)) {
    state_->on_request(now, *request, out);
  } else {
    state_->on_closed(std::get<StreamClosed>(in).id);
  }
}

void Instance::on_time(Now now, Output& out) {
  state_->on_time(now, out);
}

SteadyPoint Instance::next_deadline() const {
  return state_->next_deadline();
}

}  // namespace metallb::apiserver
