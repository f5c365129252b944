// The embedded API server: Kubernetes' REST API for the kinds that the program and its labs use, in memory.
//
// In:   HTTP requests (complete), watch connections that went away.
// Out:  responses, and for a watch: a stream that is opened, fed and ended.
// Thread: main of its process. It is a means for labs, tests and clusterless hosts, not a Kubernetes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.hpp"

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

}  // namespace metallb::apiserver
