// Makes the Secret by which the speakers encrypt their membership, if nobody has made it (controller spec 5.1). In a new
// cluster the speakers' Pods wait for it, since they mount it.
//
// In: outcomes of what it asked for. Out: reads and one write. It ends with the first success: who deletes the Secret later
// makes another one, or starts the controller anew. Nothing else of the controller waits for it.
// deviation: the original ends with exit code 1 when any of this fails; this tries again, ever less often.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "kube/write.hpp"

namespace metallb::controller {

/// GET the Secrets of the name given: a list with a field selector, which is what the manifests' Role permits.
struct ListSecret {
  ObjectKey key;
};
/// GET the Deployment that is to own the Secret, so that it goes with it.
struct ReadDeployment {
  ObjectKey key;
};
/// The answer to either; `status` 0: none came, and `body` says why.
struct Answer {
  int status = 0;
  std::string body;
};

class MembershipSecret {
 public:
  using Input = std::variant<Answer, kube::WriteDone>;
  using Action = std::variant<ListSecret, ReadDeployment, kube::Write>;
  using Output = std::vector<Action>;

  struct Options {
    ObjectKey secret;
    std::string deployment;  ///< in the same namespace; empty: the Secret gets no owner
    std::string value;       ///< of the key `secretkey`, when it has to be made
  };
  MembershipSecret(Options options, Log log) : options_(std::move(options)), log_(log) {}

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const { return due_; }

 private:
  enum class Step : std::uint8_t { kLook, kFindOwner, kMake, kDone };

  void take(Now now, const Answer& answer, Output& out);
  void take(Now now, const kube::WriteDone& done, Output& out);
  void find_owner(Output& out);
  void make(const std::string& owner_uid, Output& out);
  void try_again(Now now, const std::string& error);

  Options options_;
  Log log_;
  Step step_ = Step::kLook;
  SteadyPoint due_ = SteadyPoint::min();
  Backoff pause_{std::chrono::seconds(1), std::chrono::minutes(5)};
};

static_assert(StateMachine<MembershipSecret, MembershipSecret::Input, MembershipSecret::Output>);

}  // namespace metallb::controller
