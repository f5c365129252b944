#include "layer2/capture_filter.hpp"

#include <linux/filter.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/contract.hpp"
#include "layer2/ethernet.hpp"

namespace metallb::layer2 {
namespace {

static_assert(sizeof(FilterInstruction) == sizeof(sock_filter));
static_assert(offsetof(FilterInstruction, code) == offsetof(sock_filter, code));
static_assert(offsetof(FilterInstruction, jump_true) == offsetof(sock_filter, jt));
static_assert(offsetof(FilterInstruction, jump_false) == offsetof(sock_filter, jf));
static_assert(offsetof(FilterInstruction, k) == offsetof(sock_filter, k));
static_assert(kMaximumInstructions == BPF_MAXINSNS);

// Offsets from the start of the Ethernet frame.
constexpr std::uint32_t kEtherType = 12;
constexpr std::uint32_t kArpOperation = 20;
constexpr std::uint32_t kArpSender = 28;
constexpr std::uint32_t kArpTarget = 38;
constexpr std::uint32_t kNextHeader = 20;
constexpr std::uint32_t kSourceLow32 = 34;
constexpr std::uint32_t kIcmpType = 54;
constexpr std::uint32_t kTargetLow32 = 74;
// Frames that end before these are truncated, and a load beyond the end would drop them: they pass unseen.
constexpr std::uint32_t kArpEnd = 42;
constexpr std::uint32_t kIcmpTypeEnd = 55;
constexpr std::uint32_t kTargetEnd = 78;

constexpr std::uint32_t kArpRequest = 1;
constexpr std::uint32_t kIcmpv6 = 58;
constexpr std::uint32_t kNeighborSolicitation = 135;
constexpr std::uint32_t kNeighborAdvertisement = 136;
constexpr std::uint32_t kWholeFrame = 0x40000;

constexpr std::size_t kMinimumInstructions = 32;
/// Ranges in one block: two instructions each, and a jump reaches 255.
constexpr std::size_t kBlock = 120;

constexpr FilterInstruction load_byte(std::uint32_t at) {
  return {BPF_LD | BPF_B | BPF_ABS, 0, 0, at};
}
constexpr FilterInstruction load_half(std::uint32_t at) {
  return {BPF_LD | BPF_H | BPF_ABS, 0, 0, at};
}
constexpr FilterInstruction load_word(std::uint32_t at) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, at};
}
constexpr FilterInstruction load_length() {
  return {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0};
}
constexpr FilterInstruction at_least(std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JGE | BPF_K, yes, no, k};
}
constexpr FilterInstruction give(std::uint32_t length) {
  return {BPF_RET | BPF_K, 0, 0, length};
}
constexpr FilterInstruction skip(std::size_t count) {
  return {BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(count)};
}
constexpr FilterInstruction equal(std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {BPF_JMP | BPF_JEQ | BPF_K, yes, no, k};
}

/// Inclusive.
struct Span {
  std::uint32_t first;
  std::uint32_t last;
};

std::vector<Span> merge(std::vector<std::uint32_t> values) {
  std::sort(values.begin(), values.end());
  std::vector<Span> out;
  for (const auto value : values) {
    if (!out.empty() && value - out.back().last <= 1) {
      out.back().last = value;
    } else {
      out.push_back({value, value});
    }
  }
  return out;
}

/// Closes the smallest gaps until at most `count` spans are left.
std::vector<Span> coarsen(const std::vector<Span>& spans, std::size_t count) {
  if (spans.size() <= count) return spans;
  std::vector<std::size_t> gaps;  // the gap before spans[i]
  for (std::size_t i = 1; i < spans.size(); ++i) gaps.push_back(i);
  const auto kept = gaps.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(gaps.begin(), kept, gaps.end(), [&](std::size_t a, std::size_t b) {
    return spans[a].first - spans[a - 1].last > spans[b].first - spans[b - 1].last;
  });
  std::sort(gaps.begin(), kept);
  std::vector<Span> out;
  std::size_t from = 0;
  for (auto gap = gaps.begin(); gap != kept; ++gap) {
    out.push_back({spans[from].first, spans[*gap - 1].last});
    from = *gap;
  }
  out.push_back({spans[from].first, spans.back().last});
  return out;
}

/// Instructions that search() emits at most for this many spans.
std::size_t search_size(std::size_t spans) {
  if (spans <= kBlock) return 2 * spans + 2;
  return 2 + search_size(spans / 2) + search_size(spans - spans / 2);
}

/// The most spans whose search fits into `room` instructions; at least 1.
std::size_t spans_that_fit(std::size_t room) {
  std::size_t low = 1;
  std::size_t high = room;
  while (low < high) {
    const auto middle = (low + high + 1) / 2;
    if (search_size(middle) <= room) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/// A binary search for the accumulator. Hits leave the program with the whole frame, misses go on behind the search.
class Search {
 public:
  Search(std::span<const Span> spans, FilterProgram& out) : spans_(spans), out_(out) {}

  void emit() {
    tree(0, spans_.size());
    for (const auto miss : misses_) out_[miss].k = static_cast<std::uint32_t>(out_.size() - miss - 1);
  }

 private:
  /// Far apart: a comparison's jump is too short, so its taken branch is an unconditional one.
  void tree(std::size_t low, std::size_t high) {
    if (high - low <= kBlock) return block(low, high);
    const auto middle = low + (high - low) / 2;
    out_.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, spans_[middle].first});
    const auto jump = out_.size();
    out_.push_back(skip(0));
    tree(low, middle);
    out_[jump].k = static_cast<std::uint32_t>(out_.size() - jump - 1);
    tree(middle, high);
  }

  void block(std::size_t low, std::size_t high) {
    const auto begin = out_.size();
    // Every span but the very first is reached through a comparison with its own start.
    const auto guard = low == 0 ? std::size_t{1} : std::size_t{0};
    hit_ = begin + guard + 2 * (high - low) - 1;
    if (low == 0) compare(BPF_JGE, spans_[0].first, begin + 1, hit_ + 1);
    near(low, high);
    METALLB_CONTRACT(out_.size() == hit_, "a block is as long as computed");
    out_.push_back(give(kWholeFrame));
    misses_.push_back(out_.size());
    out_.push_back(skip(0));
  }

  void near(std::size_t low, std::size_t high) {
    if (high - low == 1) return compare(BPF_JGT, spans_[low].last, hit_ + 1, hit_);
    const auto middle = low + (high - low) / 2;
    compare(BPF_JGE, spans_[middle].first, out_.size() + 2 * (middle - low), out_.size() + 1);
    near(low, middle);
    near(middle, high);
  }

  void compare(std::uint16_t operation, std::uint32_t k, std::size_t yes, std::size_t no) {
    const auto next = out_.size() + 1;
    METALLB_CONTRACT(yes - next <= 255 && no - next <= 255, "a conditional jump reaches 255 instructions");
    out_.push_back({static_cast<std::uint16_t>(BPF_JMP | BPF_K | operation), static_cast<std::uint8_t>(yes - next),
                    static_cast<std::uint8_t>(no - next), k});
  }

  std::span<const Span> spans_;
  FilterProgram& out_;
  std::size_t hit_ = 0;  ///< where the current block says yes; the instruction behind it is its miss
  std::vector<std::size_t> misses_;
};

std::vector<std::uint32_t> low_words(std::span<const IpAddress> addresses, IpFamily family) {
  std::vector<std::uint32_t> out;
  for (const auto& address : addresses) {
    if (address.family() == family) out.push_back(static_cast<std::uint32_t>(address.number()));
  }
  return out;
}

/// A program that begins with `head` and then looks for the words at `first` and at `second`, in this order; either is
/// enough. The last instruction of `head` is a jump that may leave the first search out.
FilterProgram with_searches(FilterProgram head, std::uint32_t first, std::uint32_t second, std::vector<Span> spans,
                            const FilterOptions& options) {
  METALLB_CONTRACT(options.max_instructions >= kMinimumInstructions, "a filter needs room for two searches");
  auto& out = head;
  const auto room = std::min(options.max_instructions, kMaximumInstructions) - out.size() - 3;
  spans = coarsen(spans, spans_that_fit(room / 2));
  const auto past_first = out.size() - 1;
  out.push_back(load_word(first));
  Search(spans, out).emit();
  out[past_first].k = static_cast<std::uint32_t>(out.size() - past_first - 1);
  out.push_back(load_word(second));
  Search(spans, out).emit();
  out.push_back(give(0));
  return out;
}

}  // namespace

FilterProgram arp_capture_filter(std::span<const IpAddress> addresses, const FilterOptions& options) {
  auto spans = merge(low_words(addresses, IpFamily::kIpv4));
  if (spans.empty()) return {give(0)};
  FilterProgram head{load_half(kEtherType),
                     equal(kEtherTypeArp, 1, 0),
                     give(0),
                     load_length(),
                     at_least(kArpEnd, 1, 0),
                     give(kWholeFrame),
                     load_half(kArpOperation),
                     equal(kArpRequest, 1, 0),  // of a reply only the sender matters
                     skip(0)};
  return with_searches(std::move(head), kArpTarget, kArpSender, std::move(spans), options);
}

FilterProgram ndp_capture_filter(std::span<const IpAddress> addresses, const FilterOptions& options) {
  auto spans = merge(low_words(addresses, IpFamily::kIpv6));
  if (spans.empty()) return {give(0)};
  FilterProgram head{load_half(kEtherType),
                     equal(kEtherTypeIpv6, 1, 0),
                     give(0),
                     load_length(),
                     at_least(kIcmpTypeEnd, 1, 0),
                     give(kWholeFrame),
                     load_byte(kNextHeader),
                     equal(kIcmpv6, 1, 0),
                     give(0),
                     load_byte(kIcmpType),
                     equal(kNeighborSolicitation, 2, 0),
                     equal(kNeighborAdvertisement, 1, 0),
                     give(0),
                     load_length(),
                     at_least(kTargetEnd, 1, 0),
                     give(kWholeFrame),
                     load_byte(kIcmpType),
                     equal(kNeighborSolicitation, 1, 0),  // of an advertisement only the target matters
                     skip(0)};
  return with_searches(std::move(head), kSourceLow32, kTargetLow32, std::move(spans), options);
}

}  // namespace metallb::layer2
