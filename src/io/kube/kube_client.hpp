// Speaks to a Kubernetes API server: HTTP/1.1 with keep-alive over verified TLS, or plain HTTP for the embedded server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "kube/change.hpp"
#include "kube/resource.hpp"
#include "kube/write.hpp"

namespace metallb::io {

/// Where the API server is and how to prove who we are. From kube_config.hpp.
struct KubeEndpoint {
  bool tls = true;
  std::string host;  ///< name or address; IPv6 without brackets
  std::string port = "443";
  std::string base_path;    ///< usually empty
  std::string server_name;  ///< for certificate verification; empty = host
  std::string ca_pem;       ///< empty = the system's store
  bool insecure_skip_verify = false;
  std::string client_certificate_pem;  ///< with client_key_pem, or empty
  std::string client_key_pem;
  std::string token;       ///< bearer token, or empty
  std::string token_file;  ///< re-read when it changes (in-cluster tokens rotate hourly)
  std::string namespace_;  ///< of the context or the service account; may be empty
};

/// The host as it stands in a URL, a header field or an error: IPv6 in brackets (RFC 3986, Section 3.2.2).
[[nodiscard]] std::string host_text(const KubeEndpoint& endpoint);

struct KubeResponse {
  int status = 0;
  std::string body;
};

class KubeClient {
 public:
  static std::unique_ptr<KubeClient> create(boost::asio::io_context& loop, KubeEndpoint endpoint, Log log);
  virtual ~KubeClient() = default;

  struct Request {
    std::string method = "GET";
    std::string target;  ///< path and query
    std::string content_type;
    std::string body;
    std::chrono::milliseconds timeout{10'000};  ///< of the request itself; waiting for its turn among others does not count
  };
  using Done = std::function<void(std::expected<KubeResponse, SystemError>)>;
  /// One request over a pooled keep-alive connection. `done` runs on the loop, exactly once, unless the client is stopped;
  /// never from within this call, even when the outcome is known at once: the caller may be in the middle of something.
  virtual void request(Request request, Done done) = 0;

  /// An open watch. Destroying it closes the connection; no callback runs afterwards.
  class Stream {
   public:
    virtual ~Stream() = default;
  };
  struct StreamHandlers {
    std::function<void()> opened;                ///< 200 received
    std::function<void(std::string_view)> line;  ///< one JSON line, without the newline
    /// The stream is over: the server ended it (value: status, 200 after opened, else the error status and its body), or
    /// the connection failed.
    std::function<void(std::expected<KubeResponse, SystemError>)> ended;
  };
  /// The handlers run on the loop, never from within this call.
  virtual std::unique_ptr<Stream> stream(std::string target, StreamHandlers handlers) = 0;

  /// For the rest_client_requests_total metric: (code, method) -> count. A watch counts when its header is there.
  [[nodiscard]] virtual std::map<std::pair<std::string, std::string>, std::uint64_t> request_counts() const = 0;
  virtual void stop() = 0;
};

/// What to watch of a kind.
struct WatchScope {
  std::string namespace_;  ///< empty = all namespaces
  std::string label_selector;
  std::string field_selector;
  // For what is wanted rather than needed (kube/list_watch.hpp, Options and Narrowed).
  std::string fallback_namespace = {};
  Duration refused_retry = Duration::zero();
  std::function<void()> on_narrowed = {};
};

/// Keeps one kind in step: drives kube::ListWatch over the client. Created by watch<T>(); lives as long as it is to run.
class KubeWatch {
 public:
  virtual ~KubeWatch() = default;
  /// Lists anew, whatever the watch says; kube::Listed follows (list_watch.hpp, ListAnew).
  virtual void list_anew() = 0;
  /// From now on `hear` gets the cause when the kind cannot be read, and an empty text when it can be again.
  virtual void on_trouble(std::function<void(const std::string& cause)> hear) = 0;
};
/// `on_change` runs on the loop. Available for the kinds listed in kube_watch.cpp.
template <class T>
[[nodiscard]] std::unique_ptr<KubeWatch> watch(KubeClient& client, boost::asio::io_context& loop, WatchScope scope,
                                               std::function<void(const kube::Change<T>&)> on_change, Log log);

/// Carries out kube::Write (see its verbs), one at a time per object, many objects in parallel.
class KubeWriter {
 public:
  /// Asked before every single request, also in the middle of a write; where it says no, the write fails with kUnavailable.
  using Permission = std::function<bool()>;
  /// Told true when a write is submitted and none was under way, false when the last one has had its outcome: on the loop,
  /// and as long as the writer lives.
  using Busy = std::function<void(bool)>;
  /// Without `permission` everything is permitted.
  static std::unique_ptr<KubeWriter> create(KubeClient& client, boost::asio::io_context& loop, Log log,
                                            Permission permission = {}, Busy busy = {});
  virtual ~KubeWriter() = default;
  /// `done` runs on the loop, exactly once unless the client is stopped; never from within this call.
  virtual void submit(kube::Write write, std::function<void(kube::WriteDone)> done) = 0;
};

}  // namespace metallb::io
