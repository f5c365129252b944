#include "io/kernel_answers/arp_program.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "answer_arp.skel.h"
#include "base/contract.hpp"
#include "io/kernel_answers/layout.h"
#include "layer2/ethernet.hpp"

namespace metallb::io {
namespace {

/// BPF_TCX_INGRESS, which came with Linux 6.6; the headers of Debian 12 are older.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr std::uint32_t kEntriesPerRead = 512;

SystemError error_of(const char* operation, std::string object, int error) {
  SystemError out{operation, std::move(object), std::error_code(error, std::generic_category()), {}};
  if (error == EPERM || error == EACCES) {
    out.detail = "grant the capabilities BPF and NET_ADMIN (securityContext.capabilities.add), or run as root";
  } else if (error == EINVAL || error == EOPNOTSUPP || error == ENOSYS) {
    out.detail = "the kernel must be Linux 6.6 or newer, with eBPF";
  }
  return out;
}

arp_key key_of(InterfaceIndex interface, const IpAddress& address) {
  METALLB_CONTRACT(address.is_v4(), "ARP is about IPv4 addresses");
  const auto number = static_cast<std::uint32_t>(address.number());
  return {.interface = static_cast<std::uint32_t>(interface.value()),
          .address = {static_cast<std::uint8_t>(number >> 24U), static_cast<std::uint8_t>(number >> 16U),
                      static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

}  // namespace

struct ArpProgram::Loaded {
  Loaded() = default;
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() { answer_arp_bpf::destroy(skeleton); }

  [[nodiscard]] int program() const { return bpf_program__fd(skeleton->progs.answer_arp); }
  [[nodiscard]] int table() const { return bpf_map__fd(skeleton->maps.answers); }

  answer_arp_bpf* skeleton = nullptr;
};

std::expected<std::unique_ptr<ArpProgram>, SystemError> ArpProgram::load() {
  // The library would write to standard error; what failed is in the error.
  libbpf_set_print(nullptr);
  auto loaded = std::make_unique<Loaded>();
  loaded->skeleton = answer_arp_bpf::open();
  if (loaded->skeleton == nullptr) return std::unexpected(error_of("prepare", "the ARP program", errno));
  if (const int error = answer_arp_bpf::load(loaded->skeleton); error != 0) {
    return std::unexpected(error_of("load", "the ARP program", -error));
  }
  return std::unique_ptr<ArpProgram>(new ArpProgram(std::move(loaded)));
}

ArpProgram::ArpProgram(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}

ArpProgram::~ArpProgram() = default;

ProgramLink::~ProgramLink() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<ProgramLink, SystemError> ArpProgram::attach(InterfaceIndex interface) const {
  const int link = bpf_link_create(loaded_->program(), interface.value(), kTcxIngress, nullptr);
  if (link < 0) {
    return std::unexpected(error_of("attach", "the ARP program to interface " + std::to_string(interface.value()), -link));
  }
  return ProgramLink(link);
}

bool ArpProgram::put(InterfaceIndex interface, const IpAddress& address, const MacAddress& mac) {
  // A new entry counts from zero, so what the one of before has counted is taken first.
  erase(interface, address);
  const auto key = key_of(interface, address);
  arp_answer answer{};
  std::memcpy(answer.mac, mac.bytes().data(), sizeof(answer.mac));
  if (bpf_map_update_elem(loaded_->table(), &key, &answer, BPF_ANY) != 0) return false;
  known_.emplace(Key(interface, address), 0);
  return true;
}

void ArpProgram::erase(InterfaceIndex interface, const IpAddress& address) {
  const Key known(interface, address);
  if (!known_.contains(known)) return;
  const auto key = key_of(interface, address);
  arp_answer answer{};
  if (bpf_map_lookup_and_delete_elem(loaded_->table(), &key, &answer) == 0) {
    count(known, answer.answered);
  } else {
    // Whatever hinders the count, the entry has to go.
    (void)bpf_map_delete_elem(loaded_->table(), &key);
  }
  known_.erase(known);
}

void ArpProgram::lease(SteadyPoint until) {
  const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch()).count();
  __atomic_store_n(&loaded_->skeleton->bss->lease_until, static_cast<__u64>(at), __ATOMIC_RELAXED);
}

bool ArpProgram::has_counts() const {
  return !counts_.empty() || __atomic_load_n(&loaded_->skeleton->bss->answered, __ATOMIC_RELAXED) != seen_;
}

ArpProgram::Counts ArpProgram::take_counts() {
  seen_ = __atomic_load_n(&loaded_->skeleton->bss->answered, __ATOMIC_RELAXED);
  std::vector<arp_key> keys(kEntriesPerRead);
  std::vector<arp_answer> answers(kEntriesPerRead);
  std::uint32_t place = 0;
  bool first = true;
  for (bool more = true; more;) {
    std::uint32_t count_read = kEntriesPerRead;
    const int result = bpf_map_lookup_batch(loaded_->table(), first ? nullptr : &place, &place, keys.data(), answers.data(),
                                            &count_read, nullptr);
    more = result == 0;
    first = false;
    if (result != 0 && result != -ENOENT) break;  // -ENOENT: this was the last part
    for (std::uint32_t i = 0; i < count_read; ++i) {
      const auto& bytes = keys[i].address;
      count({InterfaceIndex(static_cast<std::int32_t>(keys[i].interface)),
             IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3])},
            answers[i].answered);
    }
  }
  return std::exchange(counts_, {});
}

void ArpProgram::count(const Key& key, std::uint64_t answered) {
  const auto known = known_.find(key);
  if (known == known_.end() || answered <= known->second) return;
  counts_[key.second] += answered - known->second;
  known->second = answered;
}

std::expected<Bytes, SystemError> ArpProgram::judge(ByteView frame) {
  Bytes out(frame.size() + layer2::kMinimumFrame);
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<std::uint32_t>(frame.size());
  options.data_out = out.data();
  options.data_size_out = static_cast<std::uint32_t>(out.size());
  options.repeat = 1;
  if (const int error = bpf_prog_test_run_opts(loaded_->program(), &options); error != 0) {
    return std::unexpected(error_of("run", "the ARP program", -error));
  }
  constexpr std::uint32_t kRedirect = 7;  // TC_ACT_REDIRECT
  out.resize(options.retval == kRedirect ? options.data_size_out : 0);
  return out;
}

}  // namespace metallb::io
