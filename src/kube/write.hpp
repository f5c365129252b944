// Writes to the API as data: a core emits a Write, a driver (io/kube_writer) carries it out and feeds WriteDone back.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "kube/resource.hpp"

namespace metallb::kube {

enum class Verb : std::uint8_t {
  kCreate,      ///< POST `body`, a whole object
  kMergePatch,  ///< PATCH with application/merge-patch+json
  kUpdate,      ///< PATCH, and where RBAC grants update only: GET the fresh object, apply `body` to it as an RFC 7386 merge
                ///< patch, PUT it; again on conflict. Skipped then (as success) when the patch changes nothing.
  kDelete,
};

struct Write {
  ActionId id;
  Verb verb = Verb::kCreate;
  const Resource* resource = nullptr;
  ObjectKey key;            ///< name may be empty for kCreate with generateName
  std::string subresource;  ///< "" or "status"
  std::string body;         ///< JSON text
  std::string uid;          ///< when set: carry out only on the object with this uid, else fail with kGone
};

struct WriteError {
  enum class Reason : std::uint8_t {
    kNotFound,
    kGone,  ///< another object has the name now (uid differs)
    kAlreadyExists,
    kConflict,     ///< still conflicting after the driver's retries
    kForbidden,    ///< 401 or 403
    kInvalid,      ///< 400 or 422
    kUnavailable,  ///< no answer, 429 or 5xx: worth another try later
  };
  Reason reason;
  std::string message;
};

struct WriteDone {
  ActionId id;
  /// The object as the server returned it (JSON text; empty for kDelete).
  std::expected<std::string, WriteError> result;
};

/// "Tell the user": becomes a core/v1 Event through kube/event_recorder.hpp, which folds and limits repeats.
struct EventNote {
  enum class Type : std::uint8_t { kNormal, kWarning };
  ObjectReference about;
  Type type = Type::kNormal;
  std::string reason;
  std::string message;
};

}  // namespace metallb::kube
