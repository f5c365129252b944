// ARP answered in the kernel where that is possible: keeps the program's table, its lease and its interfaces as the layer2
// core wants them.
//
// Where it is not possible (a missing capability, an old kernel), or not wanted, nothing happens but one log line: the
// packet sockets get every request, as they get all that the program leaves alone. Attaching takes some 20 ms, so a thread
// of its own does it, and no announcement waits. Thread: the loop's.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "io/kernel_answers/arp_program.hpp"
#include "layer2/inputs_and_actions.hpp"

namespace metallb::io {

class KernelAnswers {
 public:
  /// Runs when the first interface begins to answer in the kernel, and when the last one ceased to.
  using Changed = std::function<void(layer2::KernelAnswers)>;

  /// `wanted` false: it does nothing.
  KernelAnswers(boost::asio::io_context& loop, bool wanted, Changed changed, Log log);
  ~KernelAnswers();
  KernelAnswers(const KernelAnswers&) = delete;
  KernelAnswers& operator=(const KernelAnswers&) = delete;

  void interface_changed(InterfaceIndex interface, const std::string& name);
  void interface_gone(InterfaceIndex interface);
  /// An interface that answers ARP for something gets the program, another one loses it.
  void apply(const layer2::CaptureChanged& wanted);
  void apply(const layer2::AnswerChanged& changed);
  void apply(const layer2::AnswersLeased& lease);

  [[nodiscard]] bool has_counts() const { return program_ && program_->has_counts(); }
  [[nodiscard]] layer2::KernelAnswered take_counts();
  /// By name, the interfaces that answer ARP for something, and whether in the kernel.
  [[nodiscard]] std::map<std::string, bool> interfaces() const;

 private:
  struct Port {
    std::string name;
    bool wanted = false;
    bool attaching = false;  ///< an outcome is awaited
    std::optional<ProgramLink> link;
  };
  using Outcome = std::expected<ProgramLink, SystemError>;
  void attach(InterfaceIndex interface, Port& port);
  void attached(InterfaceIndex interface, Outcome outcome);
  void detach(Port& port);
  void dispose(ProgramLink link);
  void tell();
  void refused(const SystemError& error);

  boost::asio::io_context& loop_;
  Changed changed_;
  Log log_;
  std::unique_ptr<ArpProgram> program_;
  std::map<InterfaceIndex, Port> ports_;
  bool told_on_ = false;
  std::set<std::string> told_refusals_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();

  boost::asio::io_context slow_loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{slow_loop_.get_executor()};
  std::thread slow_thread_;
};

}  // namespace metallb::io
