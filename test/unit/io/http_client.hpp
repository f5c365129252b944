// A raw HTTP client on the server's own loop: everything runs on the test's thread, which turns the loop until what the
// test waits for has come (or a bound far beyond it has passed).
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace metallb::io::test {

inline constexpr std::chrono::seconds kBound{20};

/// Turns the loop until `reached`. False when it never comes.
inline bool turn_until(boost::asio::io_context& loop, const std::function<bool()>& reached) {
  const auto bound = std::chrono::steady_clock::now() + kBound;
  while (!reached()) {
    loop.restart();
    if (std::chrono::steady_clock::now() > bound) return false;
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  return true;
}

class RawClient {
 public:
  RawClient(boost::asio::io_context& loop, std::uint16_t port, const std::string& address = "127.0.0.1")
      : loop_(loop), socket_(loop) {
    socket_.connect({boost::asio::ip::make_address(address), port});
  }
  void send(std::string bytes) {
    auto kept = std::make_shared<std::string>(std::move(bytes));
    boost::asio::async_write(socket_, boost::asio::buffer(*kept), [kept](const boost::system::error_code&, std::size_t) {});
  }
  /// Reads until `received` has `text` in it.
  bool read_until(const std::string& text) {
    read();
    return turn_until(loop_, [&] { return received.find(text) != std::string::npos; });
  }
  bool read_to_end() {
    read();
    return turn_until(loop_, [&] { return ended; });
  }
  void close() { socket_.close(); }
  void finish_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }
  /// Takes everything received so far.
  std::string take() { return std::exchange(received, {}); }

  std::string received;
  bool ended = false;

 private:
  void read() {
    if (reading_ || ended) return;
    reading_ = true;
    // The loop may outlive this client, with a read under way.
    const auto into = boost::asio::buffer(*buffer_);
    socket_.async_read_some(
        into, [this, alive = std::weak_ptr(buffer_)](const boost::system::error_code& error, std::size_t count) {
          if (alive.expired()) return;
          reading_ = false;
          received.append(buffer_->data(), count);
          if (error) {
            ended = true;
          } else {
            read();
          }
        });
  }

  boost::asio::io_context& loop_;
  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<std::string> buffer_ = std::make_shared<std::string>(1U << 16U, '\0');
  bool reading_ = false;
};

/// One request over TLS and the answer up to the end of the connection; empty when the handshake failed.
struct TlsAnswer {
  std::string text;
  std::string common_name;  ///< of the server's certificate
};
inline TlsAnswer request_over_tls(boost::asio::io_context& loop, std::uint16_t port, const std::string& request,
                                  int highest_version = TLS1_3_VERSION) {
  namespace ssl = boost::asio::ssl;
  ssl::context context(ssl::context::tls_client);
  context.set_verify_mode(ssl::verify_none);
  SSL_CTX_set_max_proto_version(context.native_handle(), highest_version);
  ssl::stream<boost::asio::ip::tcp::socket> stream(loop, context);
  stream.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
  TlsAnswer answer;
  bool done = false;
  std::string buffer(1U << 16U, '\0');
  std::function<void()> read = [&] {
    stream.async_read_some(boost::asio::buffer(buffer), [&](const boost::system::error_code& error, std::size_t count) {
      answer.text.append(buffer.data(), count);
      if (error) {
        done = true;
      } else {
        read();
      }
    });
  };
  stream.async_handshake(ssl::stream_base::client, [&](const boost::system::error_code& error) {
    if (error) {
      done = true;
      return;
    }
    if (auto* const certificate = SSL_get1_peer_certificate(stream.native_handle())) {
      char name[256] = {};
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
      answer.common_name = name;
      X509_free(certificate);
    }
    boost::asio::async_write(stream, boost::asio::buffer(request),
                             [&](const boost::system::error_code&, std::size_t) { read(); });
  });
  EXPECT_TRUE(turn_until(loop, [&] { return done; }));
  return answer;
}

}  // namespace metallb::io::test
