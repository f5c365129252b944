// The embedded API server: Kubernetes' REST API for the kinds that the program and its labs use, in memory.
//
// In:   HTTP requests (complete), watch connections that went away.
// Out:  responses, and for a watch: a stream that is opened, fed and ended.
// Thread: main of its process. It is a means for labs, tests and clusterless hosts, not a Kubernetes.
//
// The core keeps nothing per stream but its filter: a change goes out as StreamData at once. A driver whose client does not
// read fast enough must limit what it buffers, close the connection and say StreamClosed; the client then watches again from
// the window, as it does with a real server.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/state_machine.hpp"
#include "base/strong.hpp"
#include "net/ip_range.hpp"

namespace metallb::apiserver {

/// Correlates a request with its response; chosen by the driver, unique among open ones.
using RequestId = Strong<std::uint64_t, struct RequestIdTag>;

struct Request {
  RequestId id;
  std::string method;                          ///< upper case
  std::string target;                          ///< path and query, percent-encoded as received
  std::map<std::string, std::string> headers;  ///< names in lower case: content-type, accept, authorization, user-agent
  std::string body;
};
/// The client of a stream closed its connection.
struct StreamClosed {
  RequestId id;
};
using Input = std::variant<Request, StreamClosed>;

/// The whole answer.
struct Respond {
  RequestId id;
  int status = 200;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;  ///< others, for example "Warning"
  std::string body;
};
/// Starts a chunked 200 answer that stays open (a watch).
struct OpenStream {
  RequestId id;
  std::string content_type = "application/json";
};
/// Bytes to send now, whole lines.
struct StreamData {
  RequestId id;
  std::string data;
};
struct EndStream {
  RequestId id;
};
using Action = std::variant<Respond, OpenStream, StreamData, EndStream>;
using Output = std::vector<Action>;

/// Who a bearer token stands for.
struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
};

struct Options {
  /// Bearer tokens and their users. Empty: everybody may do everything.
  std::map<std::string, User> tokens;
  /// How many changes a watch can be resumed over; 0 makes every resumption fail with 410 (for tests).
  std::size_t watch_window = 8192;
  /// Where Services get their cluster addresses: the cluster's first family first, one range each.
  std::vector<IpPrefix> cluster_cidrs{IpPrefix(IpAddress::v4(10, 43, 0, 0), 16),
                                      IpPrefix(IpAddress::from_number(IpFamily::kIpv6, Uint128{0xfd43} << 112), 112)};
  std::uint16_t first_node_port = 30000;
  std::uint16_t last_node_port = 32767;
  /// What /version says; kubectl compares its major and minor numbers with its own.
  std::string version = "v1.32.0+metallb";
  /// Different at every start, so that versions of one life of the server mean nothing to the next; also seeds uids,
  /// generated names, addresses and node ports.
  std::uint64_t seed = 1;
};

class Instance {
 public:
  /// `now` becomes the creation time of what a cluster has from its first day (namespaces, the "kubernetes" Service).
  Instance(Options options, Now now);
  /// Goes on with what snapshot() of an earlier life said: objects with their uids and versions. Watches of that life find
  /// an empty window (410 Gone). The error says what is wrong with the text.
  static std::expected<Instance, std::string> restore(Options options, std::string_view snapshot);
  ~Instance();
  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;

  /// A Request gets one Respond, or OpenStream, StreamData ... EndStream.
  void on_input(Now now, const Input& in, Output& out);
  /// Bookmarks, ends of watches, expiry of events, and one slice of what deletions of owners and namespaces leave to do.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// All objects but Events, as JSON text for restore().
  [[nodiscard]] std::string snapshot() const;

 private:
  class State;
  explicit Instance(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};
static_assert(StateMachine<Instance, Input, Output>);

}  // namespace metallb::apiserver
