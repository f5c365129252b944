// A scripted HTTP server on loopback, on the test's own loop: plain Asio, and what it answers is up to the test.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/kube/kube_client.hpp"
#include "unit/io/kube_certificates.hpp"

namespace metallb::io::test {

struct Received {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int connection = 0;  ///< counted from 1
};

struct Reply {
  enum class Then { kKeep, kClose, kHang };
  std::vector<std::string> pieces;  ///< raw bytes, each a write of its own
  Then then = Then::kKeep;          ///< kHang: say no more of its own accord, see FakeServer::push()
};
/// A whole answer with its length.
Reply answer(int status, const std::string& body);

class FakeServer {
 public:
  using Handler = std::function<Reply(const Received&)>;
  struct Tls {
    Identity identity;
    std::optional<Identity> client_authority;  ///< demand a client certificate signed by it
  };
  FakeServer(boost::asio::io_context& loop, Handler handler, std::optional<Tls> tls = {}, std::string address = "127.0.0.1");
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::string port() const;
  /// An endpoint for it, plain.
  [[nodiscard]] KubeEndpoint endpoint() const;
  [[nodiscard]] const std::vector<Received>& received() const;
  [[nodiscard]] int connections() const;       ///< accepted in all
  [[nodiscard]] int open_connections() const;  ///< not yet seen closed
  [[nodiscard]] int hanging() const;           ///< connections whose reply is out, up to where it hangs
  /// Raw bytes to every hanging connection.
  void push(const std::string& data);
  /// Closes every connection, idle and hanging ones too.
  void drop_connections();
  /// The server name (SNI) that the last TLS client asked for.
  [[nodiscard]] std::string asked_name() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// Runs the loop until `condition` holds; false after five seconds.
bool run_until(boost::asio::io_context& loop, const std::function<bool()>& condition);
/// Runs what is there for a moment in which nothing more should happen.
void settle(boost::asio::io_context& loop);

}  // namespace metallb::io::test
