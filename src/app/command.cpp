#include "app/command.hpp"

#include <malloc.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "app/apiserver_command.hpp"
#include "app/controller_command.hpp"
#include "app/flags.hpp"
#include "app/speaker_command.hpp"
#include "app/version.hpp"

namespace metallb::app {
namespace {

constexpr std::string_view kUsage =
    "Usage: metallb COMMAND [flags]\n"
    "\n"
    "  controller   assigns addresses to Services of type LoadBalancer; one per cluster at work, others may wait\n"
    "  speaker      announces the addresses from this node; one per node\n"
    "  apiserver    an API server in memory, for labs, tests and hosts without a cluster\n"
    "  version      prints which build this is\n"
    "  help         prints this\n"
    "\n"
    "metallb COMMAND --help lists a command's flags. Run under the name controller or speaker, it is that command.\n";

int print_version(int, const char* const*) {
  std::printf("metallb %s\n%s\n", version_phrase(build_version()).c_str(), build_version().toolchain.c_str());
  return 0;
}

int print_help(int, const char* const*) {
  std::fputs(kUsage.data(), stdout);
  return 0;
}

struct Command {
  std::string_view name;
  /// argv[0] is the command's name (or the program's, when it runs under the command's name).
  int (*run)(int argc, const char* const* argv);
};

constexpr std::array<Command, 7> kCommands = {{
    {"controller", run_controller},
    {"speaker", run_speaker},
    {"apiserver", run_apiserver},
    {"version", print_version},
    {"--version", print_version},
    {"help", print_help},
    {"--help", print_help},
}};

const Command* find(std::string_view name) {
  for (const auto& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

/// The memory target is a few MiB (6 MiB of anonymous memory at rest). glibc raises both thresholds by itself after the
/// first large block was freed, and then keeps what a list of 10,000 Services took; fixed values make it give large blocks
/// back at once. Two arenas, since one per thread would each hold on to a heap of its own.
void limit_memory() {
  constexpr int kThreshold = 128 * 1024;  // bytes, glibc's own start value
  constexpr int kArenas = 2;
  mallopt(M_MMAP_THRESHOLD, kThreshold);
  mallopt(M_TRIM_THRESHOLD, kThreshold);
  mallopt(M_ARENA_MAX, kArenas);
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Selection select_command(int argc, const char* const* argv) {
  if (argc > 0) {
    const auto name = base_name(argv[0]);
    if (name == "controller" || name == "speaker") return {.name = name, .skip = 0};
  }
  if (argc < 2) return {};
  return {.name = argv[1], .skip = 1};
}

int run(int argc, char** argv) {
  limit_memory();
  const auto selected = select_command(argc, argv);
  const auto* const command = find(selected.name);
  if (command != nullptr) return command->run(argc - selected.skip, argv + selected.skip);
  if (!selected.name.empty()) std::fprintf(stderr, "metallb: unknown command %s\n", argv[selected.skip]);
  std::fputs(kUsage.data(), stderr);
  return kExitUsage;
}

}  // namespace metallb::app
