// Reads the members of one JSON object by the rules of the memberlist configuration file (gossip spec 1.4): keys match
// case-insensitively, of several the last one counts, null counts as missing.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace metallb::gossip {

class JsonFields {
 public:
  /// `path` stands before the keys in what is said of them, for example "WatchRing.".
  JsonFields(const boost::json::object& object, std::string path, std::vector<std::string>& problems)
      : object_(object), path_(std::move(path)), problems_(problems) {}

  /// Each leaves `out` as it is if the key is missing, or if the value is of the wrong type or beyond the limits, which is
  /// then a problem that names the key and the remedy. True if there is a value, good or bad.
  bool duration(std::string_view key, Duration& out, Duration minimum, Duration maximum);
  bool integer(std::string_view key, std::int64_t& out, std::int64_t minimum, std::int64_t maximum);
  bool boolean(std::string_view key, bool& out);
  /// Strictly between 0 and 1.
  bool share(std::string_view key, double& out);
  /// Nothing if there is no such object.
  const boost::json::object* object(std::string_view key);

  void problem(std::string_view key, const std::string& what);
  /// Makes a problem of every member that none of the calls above asked for.
  void refuse_others();

 private:
  template <class Take>
  bool each(std::string_view key, Take take);

  const boost::json::object& object_;
  std::string path_;
  std::vector<std::string>& problems_;
  std::vector<std::string> asked_;
};

}  // namespace metallb::gossip
