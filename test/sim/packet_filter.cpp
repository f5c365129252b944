#include "sim/packet_filter.hpp"

#include <linux/filter.h>

#include "base/contract.hpp"

namespace metallb::sim {

bool passes(const layer2::FilterProgram& program, ByteView frame) {
  std::uint32_t accumulator = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const auto& i = program[pc];
    std::size_t width = 0;
    switch (i.code) {
      case BPF_LD | BPF_B | BPF_ABS:
        width = 1;
        break;
      case BPF_LD | BPF_H | BPF_ABS:
        width = 2;
        break;
      case BPF_LD | BPF_W | BPF_ABS:
        width = 4;
        break;
      case BPF_LD | BPF_W | BPF_LEN:
        accumulator = static_cast<std::uint32_t>(frame.size());
        continue;
      case BPF_JMP | BPF_JA:
        pc += i.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += accumulator == i.k ? i.jump_true : i.jump_false;
        continue;
      case BPF_JMP | BPF_JGT | BPF_K:
        pc += accumulator > i.k ? i.jump_true : i.jump_false;
        continue;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += accumulator >= i.k ? i.jump_true : i.jump_false;
        continue;
      case BPF_JMP | BPF_JSET | BPF_K:
        pc += (accumulator & i.k) != 0 ? i.jump_true : i.jump_false;
        continue;
      case BPF_RET | BPF_K:
        return i.k > 0;
      default:
        METALLB_CONTRACT(false, "the filter uses an instruction that is not simulated");
    }
    if (i.k + width > frame.size()) return false;
    accumulator = 0;
    for (std::size_t n = 0; n < width; ++n) accumulator = (accumulator << 8) | frame[i.k + n];
  }
  return false;
}

}  // namespace metallb::sim
