// A small member written for itself from gossip.md, to be mixed with the product's core: it answers pings, relays indirect
// ones, exchanges states, suspects, refutes, leaves, and spreads what it hears. It compresses and piggybacks nothing, falls
// back to no TCP ping, keeps no awareness, and probes one member after the other. Only the codec is shared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "gossip/stream.hpp"
#include "sim/membership.hpp"

namespace metallb::sim {

class MinimalMember final : public Membership {
 public:
  explicit MinimalMember(gossip::Options options);

  void on_input(Now now, const gossip::Input& in, gossip::Output& out) override;
  void on_time(Now now, gossip::Output& out) override;
  [[nodiscard]] SteadyPoint next_deadline() const override;
  [[nodiscard]] std::vector<gossip::Member> members() const override;

 private:
  struct Row {
    gossip::WireAddress address;
    std::uint16_t port = 0;
    std::uint32_t incarnation = 0;
    gossip::MemberState state = gossip::MemberState::kAlive;
    SteadyPoint since;
    std::vector<std::string> accusers;  ///< while suspect; the first one raised it
  };
  struct Rumour {
    gossip::PacketMessage message;
    std::size_t sent = 0;
  };
  /// A ping under way: an own probe, or one for somebody who asked.
  struct Ping {
    std::string target;
    SteadyPoint sent;
    bool asked_others = false;
    std::optional<gossip::Endpoint> for_whom;
    std::uint32_t their_seq_no = 0;
    bool nack = false;
  };
  /// A push/pull over one connection.
  struct Exchange {
    bool dialled = false;
    bool join = false;
    SteadyPoint begun;
    gossip::StreamReader reader;
  };

  static bool is_live(gossip::MemberState state) {
    return state == gossip::MemberState::kAlive || state == gossip::MemberState::kSuspect;
  }
  static gossip::Versions own_versions() { return {gossip::kOwnVersions.begin(), gossip::kOwnVersions.end()}; }
  void hear(const gossip::Ping& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::IndirectPing& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::Ack& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::Nack& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::Suspect& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::Alive& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::Dead& message, const gossip::Endpoint& from, gossip::Output& out);
  void hear(const gossip::User& message, const gossip::Endpoint& from, gossip::Output& out);

  void suspect(const gossip::Suspect& message, gossip::Output& out);
  void alive(const gossip::Alive& message, gossip::Output& out);
  void dead(const gossip::Dead& message, gossip::Output& out);
  void refute(std::uint32_t accused);
  void merge(const gossip::PushPull& state, gossip::Output& out);
  [[nodiscard]] gossip::PushPull own_state(bool join) const;

  void probe(gossip::Output& out);
  void reap();
  void look_at_pings(gossip::Output& out);
  void look_at_suspicions(gossip::Output& out);
  void gossip_tick(gossip::Output& out);
  void exchange_with(const gossip::Endpoint& peer, bool join, gossip::Output& out);
  void read(gossip::StreamId stream, Exchange& exchange, gossip::Output& out);
  void end_exchange(gossip::StreamId stream, bool good, gossip::Output& out);
  void join_next(gossip::Output& out);

  void send(const gossip::Endpoint& to, const gossip::PacketMessage& message, gossip::Output& out);
  void spread(const std::string& about, gossip::PacketMessage message);
  void note(const std::string& name, gossip::Output& out);
  void tell_electorate(gossip::Output& out);
  [[nodiscard]] std::optional<gossip::Endpoint> endpoint_of(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> others(bool alive_only) const;
  [[nodiscard]] Duration suspicion_time(const Row& row) const;
  [[nodiscard]] gossip::Ping ping_for(const std::string& target, std::uint32_t seq_no) const;

  gossip::Options options_;
  Random random_;
  SteadyPoint now_;
  bool started_ = false;
  std::map<std::string, Row> table_;
  std::map<std::string, Rumour> rumours_;
  std::map<std::uint32_t, Ping> pings_;
  std::map<gossip::StreamId, Exchange> exchanges_;
  std::uint32_t last_seq_no_ = 0;
  std::uint64_t last_stream_ = 0;
  std::string last_probed_;
  SteadyPoint next_probe_;
  SteadyPoint next_gossip_;
  SteadyPoint next_exchange_;
  std::vector<IpAddress> to_join_;
  bool joining_ = false;
  std::size_t joined_ = 0;
  std::size_t expected_ = 0;
  std::optional<SteadyPoint> leaving_until_;
  bool left_ = false;
  gossip::ElectorateChanged told_;
};

}  // namespace metallb::sim
