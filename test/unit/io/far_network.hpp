// Test support: the other end of a cable, in a network namespace of its own, for two whole nodes in one process.
#pragma once

#include <functional>

namespace metallb::io::test {

/// Made within IN_OWN_NETWORK. Lays a cable from there ("lan0", 192.168.1.101, fd00::101, fe80::1) to here ("peer0",
/// 192.168.1.102, fd00::102, fe80::2).
class FarNetwork {
 public:
  FarNetwork();
  ~FarNetwork();
  FarNetwork(const FarNetwork&) = delete;
  FarNetwork& operator=(const FarNetwork&) = delete;

  /// Runs `body` there, and so every thread that it starts, and waits for its end.
  void run(const std::function<void()>& body) const;

 private:
  int namespace_ = -1;
};

}  // namespace metallb::io::test
