#include "sim/membership.hpp"

#include <utility>

namespace metallb::sim {
namespace {

class Core final : public Membership {
 public:
  Core(gossip::Options options, Log log) : instance_(std::move(options), log) {}
  void on_input(Now now, const gossip::Input& in, gossip::Output& out) override { instance_.on_input(now, in, out); }
  void on_time(Now now, gossip::Output& out) override { instance_.on_time(now, out); }
  [[nodiscard]] SteadyPoint next_deadline() const override { return instance_.next_deadline(); }
  [[nodiscard]] std::vector<gossip::Member> members() const override { return instance_.members(); }

 private:
  gossip::Instance instance_;
};

}  // namespace

std::unique_ptr<Membership> make_core(gossip::Options options, Log log) {
  return std::make_unique<Core>(std::move(options), log);
}

}  // namespace metallb::sim
