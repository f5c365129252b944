#include "io/kernel_answers/kernel_answers.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

namespace metallb::io {

KernelAnswers::KernelAnswers(boost::asio::io_context& loop, bool wanted, Changed changed, Log log)
    : loop_(loop), changed_(std::move(changed)), log_(log) {
  if (!wanted) return;
  auto loaded = ArpProgram::load();
  if (!loaded) {
    refused(loaded.error());
    return;
  }
  program_ = std::move(*loaded);
  // Signals are the main thread's: a new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  slow_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "arp-program");
    slow_loop_.run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

KernelAnswers::~KernelAnswers() {
  if (program_) program_->lease(SteadyPoint());
  work_.reset();
  slow_loop_.stop();
  if (slow_thread_.joinable()) slow_thread_.join();
}

void KernelAnswers::interface_changed(InterfaceIndex interface, const std::string& name) {
  ports_[interface].name = name;
}

void KernelAnswers::interface_gone(InterfaceIndex interface) {
  const auto found = ports_.find(interface);
  if (found == ports_.end()) return;
  detach(found->second);
  ports_.erase(found);
  tell();
}

void KernelAnswers::apply(const layer2::CaptureChanged& capture) {
  auto& port = ports_[capture.interface];
  const auto wanted = capture.arp && std::ranges::any_of(capture.addresses, [](const auto& a) { return a.is_v4(); });
  if (wanted == port.wanted) return;
  port.wanted = wanted;
  if (wanted) {
    attach(capture.interface, port);
  } else {
    detach(port);
    tell();
  }
}

void KernelAnswers::apply(const layer2::AnswerChanged& changed) {
  if (!program_ || !changed.address.is_v4()) return;
  if (!changed.mac) {
    program_->erase(changed.interface, changed.address);
  } else if (!program_->put(changed.interface, changed.address, *changed.mac)) {
    log_.debug({{"op", "arpInKernel"}, {"msg", "the kernel's table is full"}, {"ip", changed.address.to_string()}});
  }
}

void KernelAnswers::apply(const layer2::AnswersLeased& lease) {
  if (program_) program_->lease(lease.until);
}

layer2::KernelAnswered KernelAnswers::take_counts() {
  return program_ ? layer2::KernelAnswered{program_->take_counts()} : layer2::KernelAnswered{};
}

std::map<std::string, bool> KernelAnswers::interfaces() const {
  std::map<std::string, bool> out;
  for (const auto& [interface, port] : ports_) {
    if (port.wanted) out.emplace(port.name, port.link.has_value());
  }
  return out;
}

void KernelAnswers::attach(InterfaceIndex interface, Port& port) {
  // One attempt at a time: the kernel refuses a program that is there already.
  if (!program_ || std::exchange(port.attaching, true)) return;
  boost::asio::post(slow_loop_, [this, interface, alive = std::weak_ptr<void>(alive_)] {
    // What the other loop does not get to see any more ends with the loop.
    boost::asio::post(loop_, [this, interface, alive, outcome = program_->attach(interface)]() mutable {
      if (!alive.expired()) attached(interface, std::move(outcome));
    });
  });
}

void KernelAnswers::attached(InterfaceIndex interface, Outcome outcome) {
  const auto port = ports_.find(interface);
  if (port != ports_.end()) port->second.attaching = false;
  if (!outcome) return refused(outcome.error());
  // It may have been unwanted, and wanted again, meanwhile.
  if (port == ports_.end() || !port->second.wanted) return dispose(std::move(*outcome));
  port->second.link = std::move(*outcome);
  log_.debug({{"event", "arpInKernel"}, {"interface", port->second.name}});
  tell();
}

void KernelAnswers::detach(Port& port) {
  if (port.link) dispose(std::move(*port.link));
  port.link.reset();
}

void KernelAnswers::dispose(ProgramLink link) {
  boost::asio::post(slow_loop_, [ended = std::move(link)] {});
}

void KernelAnswers::tell() {
  const auto on = std::ranges::any_of(ports_, [](const auto& port) { return port.second.link.has_value(); });
  if (std::exchange(told_on_, on) == on) return;
  if (on) log_.info({{"event", "arpInKernel"}, {"msg", "ARP is answered in the kernel"}});
  changed_({on});
}

void KernelAnswers::refused(const SystemError& error) {
  if (!told_refusals_.insert(error.to_string()).second) return;
  log_.info({{"op", "arpInKernel"},
             {"error", error.to_string()},
             {"msg", "ARP is answered by this process, which takes a little longer than in the kernel"}});
}

}  // namespace metallb::io
