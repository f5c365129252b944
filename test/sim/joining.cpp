#include "sim/joining.hpp"

#include <utility>
#include <variant>

#include "sim/driven.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kJoinInterval = 1min;  // gossip spec 1.5
constexpr Duration kPodsInterval = 5min;  // likewise
constexpr Duration kLook = 20ms;

/// The speakers are a DaemonSet in the hosts' network: one pod per Node, with its address.
std::vector<kube::Pod> pods_of(Api& api) {
  std::vector<kube::Pod> out;
  for (const auto& [key, node] : api.of<kube::Node>().objects) {
    auto& pod = out.emplace_back();
    pod.metadata.name = "speaker-" + key.name;
    for (const auto& address : node->status.addresses) {
      pod.status.podIP = address.address;
      pod.status.podIPs.push_back({.ip = address.address});
    }
  }
  return out;
}

class Ours final : public Joining {
 public:
  explicit Ours(Process process)
      : process_(std::move(process)),
        discovery_(process_.host.name(), process_.host.address(), Random(process_.network.next_seed()), process_.log),
        driven_(process_.network.timeline, process_.host, process_.main, discovery_, [this](auto& out) { carry_out(out); }) {
  }

  void start() override { driven_.wake(); }
  void feed(const speaker::DiscoveryInput& input) override {
    if (!stopped_) driven_.feed(input);
  }
  void stop() override { stopped_ = true; }

 private:
  void carry_out(speaker::PeerDiscovery::Output& out) {
    for (auto& action : out) {
      if (auto* join = std::get_if<gossip::Join>(&action)) {
        if (!stopped_) process_.join(std::move(join->addresses));
      } else if (std::holds_alternative<speaker::ListPods>(action)) {
        list();
      } else {
        process_.first_join_ended();
      }
    }
  }
  void list() {
    process_.network.timeline.after(2 * process_.distance.delay, [this] {
      process_.main.run([this] {
        if (process_.api.available()) return feed(speaker::PodsListed{pods_of(process_.api)});
        feed(speaker::PodsListed{std::unexpected(std::string("the API server does not answer"))});
      });
    });
  }

  Process process_;
  speaker::PeerDiscovery discovery_;
  Driven<speaker::PeerDiscovery, speaker::DiscoveryInput, speaker::PeerDiscovery::Output> driven_;
  bool stopped_ = false;
};

class TheOriginals final : public Joining {
 public:
  explicit TheOriginals(Process process) : process_(std::move(process)) {}

  void start() override {
    list();
    look();
  }
  void feed(const speaker::DiscoveryInput& /*input*/) override {}
  void stop() override { stopped_ = true; }

 private:
  void list() {
    process_.network.timeline.after(2 * process_.distance.delay, [this] {
      process_.main.run([this] {
        if (stopped_) return;
        if (process_.api.available()) learn();
        process_.network.timeline.after(pods_.empty() ? Duration(1s) : kPodsInterval, [this] { list(); });
      });
    });
  }
  void learn() {
    pods_.clear();
    for (const auto& pod : pods_of(process_.api)) {
      const auto address = IpAddress::parse(pod.status.podIP);
      if (address && *address != process_.host.address()) pods_.push_back(*address);
    }
  }
  /// First when the picture is whole and the pods are known, then every minute.
  void look() {
    if (stopped_) return;
    auto next = kLook;
    if (!pods_.empty() && process_.ready()) {
      process_.join(pods_);
      next = kJoinInterval;
    }
    process_.network.timeline.after(next, [this] { process_.main.run([this] { look(); }); });
  }

  Process process_;
  std::vector<IpAddress> pods_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Joining> join_like_ours(Joining::Process process) {
  return std::make_unique<Ours>(std::move(process));
}

std::unique_ptr<Joining> join_like_the_original(Joining::Process process) {
  return std::make_unique<TheOriginals>(std::move(process));
}

}  // namespace metallb::sim
