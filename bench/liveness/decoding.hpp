// The main thread's work: lists of Services, decoded one after the other.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "io/clock.hpp"
#include "kube/list_watch.hpp"
#include "kube/store.hpp"
#include "member.hpp"
#include "service_pages.hpp"

namespace metallb::bench {

/// Lists without end. A page is one turn of the loop, as in the client; there is no network between two of them.
class Decoding {
 public:
  Decoding(boost::asio::io_context& loop, const std::vector<std::string>& pages) : loop_(loop), pages_(pages) { begin(); }
  [[nodiscard]] int lists() const { return lists_; }
  [[nodiscard]] Milliseconds longest_page() const { return longest_; }

 private:
  void begin() {
    kube::list_watch::Options options;
    options.page_size = kPage;
    machine_.emplace(options, Random(1), Log());
    next_ = 0;
    kube::ListWatch<kube::Service>::Output out;
    machine_->on_time(io::now(), out);
    take_next_page_later();
  }
  void take_next_page_later() {
    boost::asio::post(loop_, [this] { take_page(); });
  }
  void take_page() {
    const auto began = std::chrono::steady_clock::now();
    kube::ListWatch<kube::Service>::Output out;
    machine_->on_input(io::now(), kube::list_watch::ListAnswered{.status = 200, .body = pages_[next_]}, out);
    for (const auto& change : out.changes) store_.apply(change);
    longest_ = std::max<Milliseconds>(longest_, std::chrono::steady_clock::now() - began);
    if (++next_ < pages_.size()) {
      take_next_page_later();
      return;
    }
    if (machine_->known() != kServices) fail("a list did not decode");
    ++lists_;
    begin();
  }

  boost::asio::io_context& loop_;
  const std::vector<std::string>& pages_;
  std::optional<kube::ListWatch<kube::Service>> machine_;
  std::size_t next_ = 0;
  kube::Store<kube::Service> store_;
  int lists_ = 0;
  Milliseconds longest_{0};
};

}  // namespace metallb::bench
