// A tool of the build: makes YAML files into one C++ source, whose function returns them as a JSON array.
//
//   embed_definitions OUTPUT INPUT...
#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <iostream>
#include <string>

namespace {

namespace json = boost::json;

json::value scalar(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!") return json::value(text);  // quoted, or a block
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  std::int64_t whole = 0;
  const auto* end = text.data() + text.size();
  if (const auto [at, code] = std::from_chars(text.data(), end, whole); code == std::errc{} && at == end) return whole;
  double real = 0;
  if (const auto [at, code] = std::from_chars(text.data(), end, real); code == std::errc{} && at == end) return real;
  return json::value(text);
}

json::value convert(const YAML::Node& node) {
  if (node.IsMap()) {
    json::object out;
    for (const auto& member : node) out[member.first.Scalar()] = convert(member.second);
    return out;
  }
  if (node.IsSequence()) {
    json::array out;
    for (const auto& item : node) out.push_back(convert(item));
    return out;
  }
  return node.IsScalar() ? scalar(node) : json::value();
}

}  // namespace

int main(int count, char** arguments) try {
  json::array all;
  for (int i = 2; i < count; ++i) all.push_back(convert(YAML::LoadFile(arguments[i])));
  std::ofstream out(arguments[1]);
  out << "#include \"apiserver/definitions/builtin.hpp\"\n\nnamespace metallb::apiserver {\n\n"
      << "std::string_view builtin_definitions() {\n  return R\"json(" << json::serialize(all) << ")json\";\n}\n\n"
      << "}  // namespace metallb::apiserver\n";
  out.close();
  return out ? 0 : 1;
} catch (const std::exception& failure) {
  std::cerr << "embed_definitions: " << failure.what() << "\n";
  return 1;
}
