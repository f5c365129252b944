// A whole cluster in virtual time: hosts on one LAN, a speaker on each, a controller, the API, a client, and everything that
// can be done to them. What must hold meanwhile is watched by Invariants.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/api.hpp"
#include "sim/client.hpp"
#include "sim/controller_process.hpp"
#include "sim/network.hpp"
#include "sim/speaker_process.hpp"

namespace metallb::sim {

class Invariants;

struct ServicePlan {
  bool v4 = true;
  bool v6 = false;
  bool local = false;                  ///< externalTrafficPolicy: Local
  std::vector<std::size_t> endpoints;  ///< nodes with a ready endpoint, by index
};

struct ClusterPlan {
  std::vector<MemberKind> members;
  std::vector<Defects> defects;  ///< by member; missing: none
  std::vector<ServicePlan> services;
  Quality quality;
  gossip::Settings settings = gossip::lan_settings();
  bool encrypted = false;
  bool v6_nodes = false;  ///< members call each other by IPv6 addresses
  bool gateway = true;    ///< the client is the members' default gateway
  Distance api;

  [[nodiscard]] bool all_ours() const;
};

class Cluster {
 public:
  struct Node {
    std::size_t index = 0;
    MemberKind kind = MemberKind::kOurs;
    std::unique_ptr<Host> host;
    std::vector<std::unique_ptr<SpeakerProcess>> lives;  ///< every process it ever had; the last one may be running
    bool excluded = false;                               ///< by label
    bool impaired = false;                               ///< a link that works one way, or badly: neither up nor down
    SteadyPoint changed;                                 ///< when something was last done to it

    [[nodiscard]] const std::string& name() const { return host->name(); }
    /// Null when none is running.
    [[nodiscard]] SpeakerProcess* process() const {
      return lives.empty() || lives.back()->ended() ? nullptr : lives.back().get();
    }
    /// It runs and is heard: a member as the others should see it.
    [[nodiscard]] bool live(const Lan& lan) const;
  };

  Cluster(std::uint64_t seed, ClusterPlan plan);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Starts controller, client and all speakers within `spread`.
  void start(Duration spread);

  // What can happen. Nodes are numbered from 0.
  void start_speaker(std::size_t node);
  void stop_speaker(std::size_t node);                 ///< SIGTERM
  void kill_speaker(std::size_t node);                 ///< SIGKILL
  void freeze(std::size_t node);                       ///< SIGSTOP
  void go_on(std::size_t node);                        ///< SIGCONT
  void slow_down(std::size_t node, Duration at_most);  ///< zero: no more
  void power_off(std::size_t node);
  void power_on(std::size_t node);
  void unplug(std::size_t node);
  void plug(std::size_t node);
  void worsen_cable(std::size_t node, double loss);  ///< zero: mended
  void make_deaf(std::size_t node, bool deaf);
  void make_mute(std::size_t node, bool mute);
  void block(std::size_t from, std::size_t to, bool blocked);
  void partition(const std::vector<std::size_t>& island);  ///< these against the rest
  void heal();
  void stop_switch(Duration how_long);
  void set_quality(const Quality& quality);
  void step_wall_clock(std::size_t node, Duration by);
  void set_api_available(bool available);
  void stick_watches(std::size_t node, Duration how_long);
  void restart_controller();
  void add_node(MemberKind kind);
  void add_service(const ServicePlan& plan);
  void remove_service(std::size_t service);
  void move_endpoints(std::size_t service, std::vector<std::size_t> nodes);
  void exclude(std::size_t node, bool excluded);
  void stranger_takes(const IpAddress& address);
  void stranger_leaves();

  // What there is.
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] Timeline& timeline() { return network_.timeline; }
  [[nodiscard]] Lan& lan() { return network_.lan; }
  [[nodiscard]] Api& api() { return api_; }
  [[nodiscard]] Invariants& invariants() { return *invariants_; }
  [[nodiscard]] const ClusterPlan& plan() const { return plan_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  [[nodiscard]] Node& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] Client& client() { return *client_; }
  [[nodiscard]] const std::vector<ServicePlan>& services() const { return plan_.services; }
  [[nodiscard]] const Stranger& stranger() const { return *stranger_; }
  /// Every address that a Service ever had, in the order in which they were given out.
  [[nodiscard]] const std::vector<IpAddress>& addresses() const { return *addresses_; }
  /// Seconds of share of packets lost each way, the worst path counted.
  [[nodiscard]] double worst_loss() const;
  void run_for(Duration duration) { network_.timeline.run_for(duration); }

  [[nodiscard]] static std::string node_name(std::size_t node) { return "node-" + std::to_string(node); }
  [[nodiscard]] static ObjectKey service_key(std::size_t service) { return {"default", "web-" + std::to_string(service)}; }

 private:
  void put_objects();
  void put_node_object(const Node& node);
  void put_endpoints(std::size_t service);
  void put_service(std::size_t service);
  Node& make_node(MemberKind kind);
  void note_addresses();
  void say(const std::string& what) { network_.trace.say("*", what); }

  ClusterPlan plan_;
  Network network_;
  Api api_;
  std::shared_ptr<std::vector<IpAddress>> addresses_ = std::make_shared<std::vector<IpAddress>>();
  std::unique_ptr<Invariants> invariants_;
  std::unique_ptr<Host> client_host_;
  std::unique_ptr<Host> stranger_host_;
  std::unique_ptr<Host> control_plane_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Stranger> stranger_;
  std::vector<std::unique_ptr<ControllerProcess>> controllers_;
  std::vector<std::unique_ptr<Node>> nodes_;
  gossip::KeyRing ring_;
  std::vector<double> port_loss_;  ///< by node
};

}  // namespace metallb::sim
