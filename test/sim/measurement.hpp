// Large clusters, membership only: how long a death takes to be known to all, what the members send meanwhile and in peace,
// and what their tables cost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace metallb::sim {

struct MeasurementPlan {
  std::size_t members = 100;
  double loss = 0;
  std::size_t deaths = 20;
  std::uint64_t seed = 1;
  bool encrypted = true;  ///< as every install has it
};

struct MeasurementResult {
  Duration formed{0};  ///< from the last start until all know all
  std::vector<Duration> first_verdict;
  std::vector<Duration> all_know;  ///< from the death until no member counts on the dead one any more
  double packets_per_second = 0;   ///< sent by one node, in peace
  double bytes_per_second = 0;
  std::uint64_t busiest_second = 0;  ///< packets of one node within one second, deaths included
  std::uint64_t false_verdicts = 0;  ///< about members that lived
  std::size_t bytes_per_node = 0;    ///< heap of one node's membership core
  std::uint64_t events = 0;
  Duration virtual_time{0};
  std::string problem;  ///< not empty: it did not come to an end
};

[[nodiscard]] MeasurementResult measure(const MeasurementPlan& plan);

}  // namespace metallb::sim
