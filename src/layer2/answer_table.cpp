#include "layer2/answer_table.hpp"

#include <algorithm>

#include "base/contract.hpp"

namespace metallb::layer2 {
namespace {

/// A node has few interfaces that carry announcements, so a sorted vector beats any tree.
template <class Answers>
auto position(Answers& answers, InterfaceIndex interface) {
  return std::lower_bound(answers.begin(), answers.end(), interface,
                          [](const AnswerTable::Answer& a, InterfaceIndex i) { return a.interface < i; });
}

}  // namespace

std::expected<MacAddress, AnswerTable::Miss> AnswerTable::find(InterfaceIndex interface, const IpAddress& address) const {
  const auto it = answers_.find(address);
  if (it == answers_.end()) return std::unexpected(Miss::kUnknownAddress);
  const auto answer = position(it->second, interface);
  if (answer == it->second.end() || answer->interface != interface) return std::unexpected(Miss::kWrongInterface);
  return answer->mac;
}

void AnswerTable::add(const IpAddress& address) {
  answers_.try_emplace(address);
}

void AnswerTable::remove(const IpAddress& address) {
  answers_.erase(address);
}

void AnswerTable::put(const IpAddress& address, InterfaceIndex interface, const MacAddress& mac) {
  const auto it = answers_.find(address);
  METALLB_CONTRACT(it != answers_.end(), "an address is known before it is answered");
  const auto answer = position(it->second, interface);
  if (answer != it->second.end() && answer->interface == interface) {
    answer->mac = mac;
  } else {
    it->second.insert(answer, {interface, mac});
  }
}

void AnswerTable::erase(const IpAddress& address, InterfaceIndex interface) {
  const auto it = answers_.find(address);
  if (it == answers_.end()) return;
  const auto answer = position(it->second, interface);
  if (answer != it->second.end() && answer->interface == interface) it->second.erase(answer);
}

const std::vector<AnswerTable::Answer>& AnswerTable::answers(const IpAddress& address) const {
  static const std::vector<Answer> kNone;
  const auto it = answers_.find(address);
  return it == answers_.end() ? kNone : it->second;
}

std::vector<IpAddress> AnswerTable::addresses(InterfaceIndex interface) const {
  std::vector<IpAddress> out;
  for (const auto& [address, answers] : answers_) {
    const auto answer = position(answers, interface);
    if (answer != answers.end() && answer->interface == interface) out.push_back(address);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace metallb::layer2
