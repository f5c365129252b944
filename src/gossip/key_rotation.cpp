#include "gossip/key_rotation.hpp"

#include <algorithm>
#include <utility>

namespace metallb::gossip {
namespace {

Key key_of(const std::string& secret) {
  return derive_key(Bytes(secret.begin(), secret.end()));
}

}  // namespace

KeyRotation::KeyRotation(std::string secret, Log log) : log_(log), secret_(std::move(secret)) {
  if (!secret_.empty()) ring_.keys.push_back(key_of(secret_));
}

void KeyRotation::on_input(Now now, const SecretRead& read, Output& out) {
  if (!read.secret) return complain(read.secret.error());
  if (*read.secret == secret_) {
    trouble_.clear();
    return;
  }
  if (read.secret->empty()) return complain("the secret is empty");
  // From plaintext to encryption there is no way that all take at once: half the cluster would not hear the other half.
  if (secret_.empty())
    return complain("there is a secret now, but there was none at the start: restart all speakers to use it");
  trouble_.clear();
  begin(now.steady, *read.secret, out);
}

void KeyRotation::begin(SteadyPoint now, std::string secret, Output& out) {
  secret_ = std::move(secret);
  const auto key = key_of(secret_);
  // What everybody has so far stays in front; the newest is last, and what lies between are earlier changes that have not
  // been completed.
  const auto current = ring_.keys.front();
  std::erase(ring_.keys, key);
  if (ring_.keys.size() >= kMostKeys) ring_.keys.erase(ring_.keys.begin() + 1);
  ring_.keys.push_back(key);
  if (current == key) std::ranges::rotate(ring_.keys, ring_.keys.end() - 1);  // somebody took the change back
  ring_.seal_with_all = ring_.keys.size() > 1;
  begun_ = now;
  step_ = Step::kDialWithOld;
  deadline_ = now + kDialWithOld;
  log_.info({{"op", "memberlist"},
             {"keys", ring_.keys.size()},
             {"msg", "the secret has changed: this node uses the old one and the new one, until all nodes have it"}});
  out.push_back(ring_);
}

void KeyRotation::on_time(Now now, Output& out) {
  if (now.steady < deadline_) return;
  const auto newest = key_of(secret_);
  if (step_ == Step::kDialWithOld) {
    std::erase(ring_.keys, newest);
    ring_.keys.insert(ring_.keys.begin(), newest);
    step_ = Step::kDialWithNew;
    deadline_ = begun_ + kKeepOld;
  } else {
    ring_ = {.keys = {newest}};
    step_ = Step::kSettled;
    deadline_ = kIdle;
    log_.info({{"op", "memberlist"}, {"msg", "the old secret is not used any more"}});
  }
  out.push_back(ring_);
}

void KeyRotation::complain(const std::string& why) {
  if (trouble_ == why) return;
  trouble_ = why;
  log_.error(
      {{"op", "memberlist"}, {"error", why}, {"msg", "cannot use the secret of the membership, keeping the last good one"}});
}

}  // namespace metallb::gossip
