// The end of objects: deletion with preconditions and finalizers, and what follows from it: the contents of a namespace, the
// dependants of an owner, the objects of a definition. What follows is queued and done in slices. Events end by themselves
// after an hour.
#pragma once

#include <deque>
#include <string>

#include "apiserver/error.hpp"
#include "apiserver/registry.hpp"
#include "apiserver/route.hpp"

namespace metallb::apiserver {

struct DeleteOptions {
  std::string uid;               ///< precondition; empty: any
  std::string resource_version;  ///< precondition; empty: any
  bool orphan = false;           ///< dependants live on without this owner
  bool dry_run = false;
};
/// From the body (a meta.k8s.io DeleteOptions, may be empty) and the query. 400 when it does not parse.
[[nodiscard]] Result<DeleteOptions> parse_delete_options(std::string_view body, const Query& query);

struct Deletion {
  ObjectPointer object;  ///< as it is now, or as it was last
  bool gone = false;  ///< false: it waits for its finalizers (a Namespace: for its contents; a definition: for its objects)
};

class Lifecycle {
 public:
  explicit Lifecycle(Registry& registry) : registry_(registry) {}

  [[nodiscard]] Result<Deletion> remove(Now now, const Kind& kind, const ObjectKey& key, const DeleteOptions& options);
  /// To be called after a write took the last finalizer of an object that is being deleted, or else has no effect.
  void finish_if_released(const Kind& kind, const ObjectKey& key);
  /// Remembers that an Event was written, to let it expire.
  void event_written(Now now, const ObjectKey& key);

  /// Does at most one slice of what deletions left to do.
  void on_time(Now now);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  struct Task {
    enum class Type : std::uint8_t { kDependants, kOrphans, kNamespace, kDefinition };
    Type type;
    std::string subject;  ///< the owner's uid, the namespace, or the name of the definition
  };
  struct Expiry {
    SteadyPoint due;
    ObjectKey key;
    std::string version;
  };

  ObjectPointer erase_object(const Kind& kind, const ObjectKey& key, bool orphan);
  /// These return true when the task is done, and lower `budget` by what they did.
  bool work_on(Now now, const Task& task, int& budget);
  bool collect_dependants(Now now, const Task& task, int& budget);
  bool empty_namespace(Now now, const std::string& name, int& budget);
  bool empty_definition(Now now, const std::string& name, int& budget);
  void remove_dependant(Now now, const Place& place, const std::string& owner, bool orphan);
  void finish_namespace(const std::string& name);
  void finish_definition(const std::string& name);
  void expire_events(Now now, int& budget);

  Registry& registry_;
  std::deque<Task> tasks_;
  std::deque<Expiry> expiries_;
};

}  // namespace metallb::apiserver
