#include "gossip/key_rotation.hpp"

#include <algorithm>
#include <utility>

namespace metallb::gossip {

bool KeyRotation::offer(SteadyPoint now, const Key& key) {
  if (coming_ ? key == coming_->key : key == in_use_) return false;
  // Members that saw the key which is now abandoned may have begun to send with it.
  if (coming_) retire(std::exchange(coming_, std::nullopt)->key, now + kSpread + kLinger);
  forget(key);
  if (key != in_use_) coming_ = Coming{key, now + kSpread};
  return true;
}

bool KeyRotation::on_time(SteadyPoint now) {
  const auto due = next_deadline() <= now;
  if (coming_ && coming_->in_use_from <= now) {
    retire(in_use_, now + kLinger);
    in_use_ = std::exchange(coming_, std::nullopt)->key;
  }
  std::erase_if(old_, [now](const Old& old) { return old.until <= now; });
  return due;
}

SteadyPoint KeyRotation::next_deadline() const {
  auto next = coming_ ? coming_->in_use_from : kIdle;
  for (const auto& old : old_) next = std::min(next, old.until);
  return next;
}

KeyRing KeyRotation::ring() const {
  KeyRing ring;
  ring.keys.push_back(in_use_);
  if (coming_) ring.keys.push_back(coming_->key);
  for (auto old = old_.rbegin(); old != old_.rend(); ++old) ring.keys.push_back(old->key);
  return ring;
}

void KeyRotation::retire(const Key& key, SteadyPoint until) {
  forget(key);
  old_.push_back({key, until});
  if (old_.size() > kMostOld) old_.pop_front();
}

void KeyRotation::forget(const Key& key) {
  std::erase_if(old_, [&](const Old& old) { return old.key == key; });
}

}  // namespace metallb::gossip
