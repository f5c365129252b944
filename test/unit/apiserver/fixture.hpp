// A client of the embedded API server, in virtual time: one request, one answer; watches collect their events.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "apiserver/instance.hpp"
#include "apiserver/json_access.hpp"

namespace metallb::apiserver::test {

struct Answer {
  int status = 0;
  json::object body;
  std::string text;
  std::string warning;  ///< the header

  [[nodiscard]] std::string at(std::string_view path) const { return text_at(body, path); }
  [[nodiscard]] std::string message() const { return at("message"); }
  [[nodiscard]] std::string reason() const { return at("reason"); }
};

class Api {
 public:
  explicit Api(Options options = {}) : instance_(std::move(options), now_) {}

  Answer get(const std::string& target, const std::string& accept = "") {
    return send("GET", target, "", {{"accept", accept}});
  }
  Answer post(const std::string& target, const std::string& body) { return send("POST", target, body); }
  Answer put(const std::string& target, const std::string& body) { return send("PUT", target, body); }
  Answer put(const std::string& target, const json::object& body) { return send("PUT", target, json::serialize(body)); }
  Answer remove(const std::string& target, const std::string& body = "") { return send("DELETE", target, body); }
  Answer patch(const std::string& type, const std::string& target, const std::string& body) {
    return send("PATCH", target, body, {{"content-type", "application/" + type}});
  }
  Answer merge(const std::string& target, const std::string& body) { return patch("merge-patch+json", target, body); }

  Answer send(const std::string& method, const std::string& target, const std::string& body,
              std::map<std::string, std::string> headers = {}) {
    const RequestId id(++last_id_);
    Output out;
    instance_.on_input(
        now_, Request{.id = id, .method = method, .target = target, .headers = std::move(headers), .body = body}, out);
    Answer answer;
    for (const auto& action : collect(out)) {
      if (action.id != id) continue;
      answer.status = action.status;
      answer.text = action.body;
      if (const auto found = action.headers.find("Warning"); found != action.headers.end()) answer.warning = found->second;
      std::string error;
      if (auto value = parse(action.body, error); value && value->is_object()) answer.body = value->get_object();
    }
    return answer;
  }

  /// Opens a watch; its events collect under the id returned.
  RequestId watch(const std::string& target, const std::string& accept = "") {
    const RequestId id(++last_id_);
    Output out;
    instance_.on_input(
        now_, Request{.id = id, .method = "GET", .target = target, .headers = {{"accept", accept}}, .body = ""}, out);
    (void)collect(out);
    return id;
  }
  /// The events since the last call, as "TYPE name".
  std::vector<std::string> events(RequestId id) {
    std::vector<std::string> out;
    for (const auto& event : raw_events(id)) {
      const auto name = text_at(event, "object.metadata.name");
      out.push_back(text_at(event, "type") + (name.empty() ? "" : " " + name));
    }
    return out;
  }
  std::vector<json::object> raw_events(RequestId id) { return std::exchange(streams_[id].events, {}); }
  [[nodiscard]] bool ended(RequestId id) { return streams_[id].ended; }
  void close(RequestId id) {
    Output out;
    instance_.on_input(now_, StreamClosed{id}, out);
    (void)collect(out);
  }

  /// Lets time pass, serving every deadline on the way.
  void advance(Duration duration) {
    const auto end = now_.steady + duration;
    for (int i = 0; i < 100000 && instance_.next_deadline() <= end; ++i) {
      const auto step = std::max(instance_.next_deadline(), now_.steady) - now_.steady;
      now_.steady += step;
      now_.wall += step;
      Output out;
      instance_.on_time(now_, out);
      (void)collect(out);
    }
    now_.wall += end - now_.steady;
    now_.steady = end;
  }
  /// Stops the server and starts it again with its saved state; false when that is refused.
  bool restart(const std::string& snapshot) {
    auto restored = Instance::restore({.seed = 77}, snapshot);
    if (restored) instance_ = std::move(*restored);
    return restored.has_value();
  }
  [[nodiscard]] std::string snapshot() const { return instance_.snapshot(); }

  /// Does what is due, without time passing.
  void settle() { advance({}); }
  [[nodiscard]] SteadyPoint next_deadline() const { return instance_.next_deadline(); }
  [[nodiscard]] Now now() const { return now_; }

 private:
  struct Stream {
    std::vector<json::object> events;
    bool ended = false;
  };

  std::vector<Respond> collect(const Output& out) {
    std::vector<Respond> answers;
    for (const auto& action : out) {
      if (const auto* answer = std::get_if<Respond>(&action)) answers.push_back(*answer);
      if (const auto* data = std::get_if<StreamData>(&action)) add_lines(streams_[data->id], data->data);
      if (const auto* end = std::get_if<EndStream>(&action)) streams_[end->id].ended = true;
    }
    return answers;
  }
  static void add_lines(Stream& stream, std::string_view text) {
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      std::string error;
      stream.events.push_back(parse(text.substr(0, end), error).value().as_object());
      text.remove_prefix(end + 1);
    }
  }

  Now now_{SteadyPoint(std::chrono::hours(1)), WallPoint(std::chrono::seconds(1'790'000'000))};
  Instance instance_;
  std::uint64_t last_id_ = 0;
  std::map<RequestId, Stream> streams_;
};

inline const std::string kServices = "/api/v1/namespaces/default/services";
inline const std::string kConfigMaps = "/api/v1/namespaces/default/configmaps";
inline const std::string kPools = "/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools";

inline std::string service(const std::string& name, const std::string& spec = "", const std::string& type = "LoadBalancer") {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name + R"("},"spec":{"type":")" + type +
         R"(","selector":{"app":"a"},"ports":[{"name":"http","port":80}])" + (spec.empty() ? "" : "," + spec) + "}}";
}
inline std::string config_map(const std::string& name, const std::string& labels = "{}") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","labels":)" + labels +
         R"(},"data":{"k":"v"}})";
}
inline std::string pool(const std::string& name) {
  return R"({"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool","metadata":{"name":")" + name +
         R"("},"spec":{"addresses":["10.0.0.0/24"]}})";
}

}  // namespace metallb::apiserver::test
