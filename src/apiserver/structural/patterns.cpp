#include "apiserver/structural/patterns.hpp"

namespace metallb::apiserver::structural {
namespace {

/// What is kept at a time: a definition may have any number of patterns, of any size. Instructions have 16 bytes.
constexpr std::size_t kMostKept = 256;
constexpr int kMostInstructions = 1 << 20;

}  // namespace

bool Patterns::fits(const std::string& pattern, std::string_view text) {
  auto found = compiled_.find(pattern);
  if (found == compiled_.end()) {
    auto expression = std::make_unique<const RE2>(pattern, RE2::Quiet);
    const int size = expression->ok() ? expression->ProgramSize() : 0;
    if (compiled_.size() >= kMostKept || size_ + size > kMostInstructions) {
      compiled_.clear();
      size_ = 0;
    }
    size_ += size;
    ++compilations_;
    found = compiled_.emplace(pattern, std::move(expression)).first;
  }
  return !found->second->ok() || RE2::PartialMatch(text, *found->second);
}

}  // namespace metallb::apiserver::structural
