// The driver of one kube::ListWatch<T>: its list requests and its watch stream go over a KubeClient, its changes to a
// callback. Everyone but kube_watch_*.cpp uses watch<T>() of kube_client.hpp: each instantiation costs seconds.
//
// Thread: the loop's. From a line of the stream to the callback no timer and no other handler comes between.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/contract.hpp"
#include "io/driver.hpp"
#include "io/entropy.hpp"
#include "io/kube/kube_client.hpp"
#include "kube/list_watch.hpp"

namespace metallb::io {

template <class T>
class ListWatchDriver final : public KubeWatch {
 public:
  using OnChange = std::function<void(const kube::Change<T>&)>;

  ListWatchDriver(KubeClient& client, boost::asio::io_context& loop, const WatchScope& scope, OnChange on_change, Log log)
      : client_(client),
        core_({.namespace_ = scope.namespace_,
               .fallback_namespace = scope.fallback_namespace,
               .label_selector = scope.label_selector,
               .field_selector = scope.field_selector,
               .refused_retry = scope.refused_retry},
              Random(random_seed()), log),
        on_change_(std::move(on_change)),
        on_narrowed_(scope.on_narrowed),
        driver_(loop, core_, [this](Output& out) { handle(out); }) {
    driver_.wake();
  }

  void list_anew() override { driver_.feed(kube::list_watch::ListAnew{}); }
  void on_trouble(std::function<void(const std::string&)> hear) override { hear_trouble_ = std::move(hear); }

 private:
  using Machine = kube::ListWatch<T>;
  using Output = typename Machine::Output;

  /// Changes first: who hears of an object does not wait for the next page.
  void handle(Output& out) {
    for (const auto& change : out.changes) on_change_(change);
    for (auto& action : out.actions) std::visit([this](auto& a) { this->carry_out(a); }, action);
    if (auto trouble = core_.trouble(); hear_trouble_ && trouble != trouble_) {
      trouble_ = std::move(trouble);
      hear_trouble_(trouble_);
    }
  }

  void carry_out(kube::list_watch::StartList& action) {
    KubeClient::Request request;
    request.target = std::move(action.target);
    request.timeout = std::chrono::seconds(60);  // a page of large objects from a busy server
    client_.request(std::move(request), [this, alive = std::weak_ptr<void>(alive_)](const auto& answer) {
      if (alive.expired()) return;
      if (answer) {
        take(kube::list_watch::ListAnswered{.status = answer->status, .body = answer->body});
      } else {
        take(kube::list_watch::ListAnswered{.status = 0, .body = answer.error().to_string()});
      }
    });
  }

  void carry_out(kube::list_watch::StartWatch& action) {
    stream_.reset();
    stream_ = client_.stream(std::move(action.target),
                             {
                                 .opened = [this] { take(kube::list_watch::WatchOpened{}); },
                                 .line = [this](std::string_view line) { take(kube::list_watch::WatchLine{line}); },
                                 .ended =
                                     [this](const std::expected<KubeResponse, SystemError>& answer) {
                                       if (answer) {
                                         take(kube::list_watch::WatchEnded{.status = answer->status, .body = answer->body});
                                       } else {
                                         take(kube::list_watch::WatchEnded{.status = 0, .body = answer.error().to_string()});
                                       }
                                     },
                             });
  }

  /// Inputs are views of what the client holds for the length of its callback; in the driver's queue they would outlive it.
  void take(kube::list_watch::Input input) {
    METALLB_CONTRACT(!driver_.busy(), "the client called back from within request() or stream()");
    driver_.feed(std::move(input));
  }

  void carry_out(kube::list_watch::StopWatch&) { stream_.reset(); }
  void carry_out(kube::list_watch::Narrowed&) {
    if (on_narrowed_) on_narrowed_();
  }

  KubeClient& client_;
  Machine core_;
  OnChange on_change_;
  std::function<void(const std::string&)> hear_trouble_;
  std::string trouble_;  ///< as it was told last
  std::function<void()> on_narrowed_;
  std::unique_ptr<KubeClient::Stream> stream_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
  Driver<Machine, kube::list_watch::Input, Output> driver_;
};

}  // namespace metallb::io
