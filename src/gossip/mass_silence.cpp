#include "gossip/mass_silence.hpp"

namespace metallb::gossip {

bool MassSilence::silent(SteadyPoint now, const std::string& name) {
  age(now);
  const auto [it, added] = entries_.try_emplace(name, Entry{now});
  if (!added && !it->second.removed) return false;
  if (!added) {
    // A member again, and silent again.
    recent_.erase({it->second.since, name});
    --removed_;
    it->second = Entry{now};
  }
  recent_.emplace(now, name);
  return true;
}

void MassSilence::heard(const std::string& name) {
  const auto it = entries_.find(name);
  if (it != entries_.end()) forget(it);
}

void MassSilence::removed(SteadyPoint now, const std::string& name) {
  age(now);
  const auto it = entries_.find(name);
  if (it == entries_.end() || it->second.removed) return;
  if (!recent_.contains({it->second.since, name})) return forget(it);
  it->second.removed = true;
  ++removed_;
}

bool MassSilence::recent(SteadyPoint now, const std::string& name) const {
  const auto it = entries_.find(name);
  return it != entries_.end() && now - it->second.since < kAtOnce;
}

bool MassSilence::most(SteadyPoint now, std::size_t members) {
  age(now);
  return recent_.size() >= kLeast && 2 * recent_.size() > members + removed_;
}

void MassSilence::forget(std::map<std::string, Entry>::iterator it) {
  recent_.erase({it->second.since, it->first});
  if (it->second.removed) --removed_;
  entries_.erase(it);
}

void MassSilence::age(SteadyPoint now) {
  while (!recent_.empty() && now - recent_.begin()->first >= kAtOnce) {
    const auto it = entries_.find(recent_.begin()->second);
    // Members stay on record, so that what lasts is not new again a second later.
    if (it->second.removed) {
      forget(it);
    } else {
      recent_.erase(recent_.begin());
    }
  }
}

}  // namespace metallb::gossip
