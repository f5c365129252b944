// One Service brought to the state it should have (controller spec 5.5): the decision, without its consequences at the API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "controller/allocation.hpp"
#include "ipam/allocator.hpp"
#include "kube/objects/core.hpp"
#include "kube/write.hpp"

namespace metallb::controller {

struct Note {
  kube::EventNote::Type type = kube::EventNote::Type::kNormal;
  std::string reason;
  std::string message;
  bool repeats = false;  ///< tells of a state, not of a change: worth telling once
};

struct Outcome {
  bool keep_status = false;          ///< leave the object as it is, whatever it says
  std::vector<IpAddress> addresses;  ///< what the status should list, in this order
  std::string pool;                  ///< what the pool annotation should say; empty = no annotation
  bool failed = false;
  std::string reason;  ///< why it has not got what it wants; empty when it has
  std::vector<std::string> details;
  std::optional<RequestError> request_error;
  Interest interest;  ///< where it waits
  std::vector<Note> notes;
};

/// Decides, and lets the allocator know. `held` is what the Service has: its status, or a newer decision whose write has not
/// come through. Every `held` text that is not an address counts as something invalid. `namespace_` is where pools belong.
[[nodiscard]] Outcome converge(const kube::Service& service, const std::vector<std::string>& held_texts,
                               const config::Config& config, ipam::Allocator& allocator, const std::string& namespace_);

/// The texts of the addresses in the status; entries without address are left out.
[[nodiscard]] std::vector<std::string> status_addresses(const kube::Service& service);

/// Registers the addresses in the status as held. False, without changing anything, when they cannot be held together: one
/// is in no pool, they are unreadable, the Service is no LoadBalancer, or somebody else has one.
[[nodiscard]] bool adopt(const kube::Service& service, ipam::Allocator& allocator);
/// Keeps every address in the status that can be read from others, until the status has been rewritten.
void reserve(const kube::Service& service, ipam::Allocator& allocator);

}  // namespace metallb::controller
