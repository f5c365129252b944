// One speaker with everything around it played by the test: the watch, the clock, the log.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "speaker/instance.hpp"
#include "unit/speaker/objects.hpp"

namespace metallb::speaker::test {

/// Keeps records as text by key; lists are joined with blanks.
class Recorder : public LogSink {
 public:
  using Line = std::map<std::string, std::string>;
  std::vector<Line> lines;

  [[nodiscard]] bool enabled(LogLevel /*level*/) const override { return true; }
  void write(const LogRecord& record) override {
    static constexpr const char* kLevels[] = {"debug", "info", "warn", "error", "none"};
    Line line;
    line["level"] = kLevels[static_cast<std::size_t>(record.level)];
    for (const auto& field : record.fields) {
      std::string text;
      if (const auto* s = std::get_if<std::string>(&field.value)) text = *s;
      if (const auto* list = std::get_if<std::vector<std::string>>(&field.value)) {
        for (const auto& item : *list) text += (text.empty() ? "" : " ") + item;
      }
      line[std::string(field.key)] = text;
    }
    lines.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<Line> with(const std::string& key, const std::string& value) const {
    std::vector<Line> out;
    std::ranges::copy_if(lines, std::back_inserter(out), [&](const Line& line) {
      const auto found = line.find(key);
      return found != line.end() && found->second == value;
    });
    return out;
  }
};

inline kube::IPAddressPool pool(const std::string& name, std::vector<std::string> addresses) {
  kube::IPAddressPool out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  out.spec.addresses = std::move(addresses);
  return out;
}

inline kube::L2Advertisement advertisement(const std::string& name = "l2") {
  kube::L2Advertisement out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  return out;
}

inline Options options(std::string node) {
  return {.node_name = std::move(node),
          .namespace_ = "metallb-system",
          .pod = PodIdentity{"speaker-x", "pod-uid"},
          .lb_class = {},
          .ignore_exclude_lb = false};
}

class SpeakerUnderTest {
 public:
  explicit SpeakerUnderTest(Options with) : instance(with, Log(log)), name_(with.node_name) {}
  explicit SpeakerUnderTest(const std::string& node) : SpeakerUnderTest(options(node)) {}

  Recorder log;
  Instance instance;
  Now now{.steady = SteadyPoint(std::chrono::hours(1)), .wall = {}};
  Output out;  ///< everything asked for since the last forget()

  void give(const Input& input) { instance.on_input(now, input, out); }
  template <class T>
  void put(T object) {
    object.metadata.resourceVersion = std::to_string(++version_);
    give(kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(std::move(object))}));
  }
  template <class T>
  void remove(const ObjectKey& key) {
    give(kube::Change<T>(kube::Removed<T>{key}));
  }
  template <class T>
  void listed() {
    give(kube::Change<T>(kube::Listed<T>{}));
  }
  void put_slices(const std::string& text, const std::string& service = "default/web") {
    for (const auto& slice : slices(text, service)) put(*slice);
  }
  /// All that has to be known before anything is announced.
  void listed_needed() {
    listed<kube::Service>();
    listed<kube::EndpointSlice>();
    listed<kube::Node>();
    listed<kube::Namespace>();
    listed<kube::IPAddressPool>();
    listed<kube::L2Advertisement>();
    listed<kube::BGPPeer>();
    listed<kube::BGPAdvertisement>();
    listed<kube::BFDProfile>();
    listed<kube::Community>();
    listed<kube::Secret>();
  }
  void listed_all() {
    listed_needed();
    listed<kube::ServiceL2Status>();
  }
  /// Lets it work until there is nothing left to do now. Returns the number of slices that it took.
  int settle() {
    int slices_of_work = 0;
    for (; instance.next_deadline() <= now.steady; ++slices_of_work) instance.on_time(now, out);
    return slices_of_work;
  }
  void advance(Duration by) {
    now.steady += by;
    now.wall += by;
  }
  void forget() {
    out.clear();
    log.lines.clear();
  }

  template <class T>
  [[nodiscard]] std::vector<T> asked_for() const {
    std::vector<T> found;
    for (const auto& action : out) {
      if (const auto* is = std::get_if<T>(&action)) found.push_back(*is);
    }
    return found;
  }
  /// "+default/web 10.0.0.1 *", "-default/web 10.0.0.1" and "!10.0.0.1", in order.
  [[nodiscard]] std::vector<std::string> commands() const {
    std::vector<std::string> found;
    for (const auto& command : asked_for<layer2::Command>()) {
      if (const auto* announce = std::get_if<layer2::Announce>(&command)) {
        auto text = "+" + announce->service.to_string() + " " + announce->address.to_string();
        if (announce->interfaces.all) text += " *";
        for (const auto& name : announce->interfaces.names) text += " " + name;
        found.push_back(text);
      } else if (const auto* withdraw = std::get_if<layer2::Withdraw>(&command)) {
        found.push_back("-" + withdraw->service.to_string() + " " + withdraw->address.to_string());
      } else {
        found.push_back("!" + std::get<layer2::Reannounce>(command).address.to_string());
      }
    }
    return found;
  }
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> found;
    for (const auto& event : asked_for<kube::EventNote>()) found.push_back(event.reason + ": " + event.message);
    return found;
  }
  /// The reason of the last decision about default/web; "?" when there is none.
  [[nodiscard]] std::string reason(const std::string& name = "web") const {
    const auto* found = instance.decisions().find({"default", name});
    return found == nullptr ? "?" : std::string(to_string(found->reason));
  }
  [[nodiscard]] std::string withdraw_reason() const {
    const auto lines = log.with("event", "serviceWithdrawn");
    return lines.empty() ? "" : lines.back().at("reason");
  }

  [[nodiscard]] const std::string& instance_name() const { return name_; }

 private:
  std::uint64_t version_ = 0;
  std::string name_;
};

/// iris1 alone, a pool 10.20.30.0/24 advertised everywhere, default/web with an address and an endpoint: it announces.
inline void announce_web(SpeakerUnderTest& speaker, const kube::L2Advertisement& how = advertisement()) {
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"10.20.30.0/24", "2001:db8::/64"}));
  speaker.put(how);
  speaker.put(service({"10.20.30.1"}));
  speaker.put_slices("iris1+");
  speaker.give(InterfacesChanged{{"eth0", "eth1"}});
  speaker.listed_all();
  speaker.settle();
}

}  // namespace metallb::speaker::test
