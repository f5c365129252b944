#include "kube/selector.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace metallb::kube {
namespace {

using Operator = Selector::Operator;
using Requirement = Selector::Requirement;
template <class T>
using Result = std::expected<T, std::string>;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string quoted(std::string_view text) {
  return std::string("\"").append(text).append("\"");
}

/// Kubernetes' "qualified name" without prefix: 1 to 63 of letters, digits, "-", "_", ".", with a letter or digit at both
/// ends.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_dns_label(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && plain(text.front()) && plain(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-'; });
}

/// RFC 1123 subdomain, at most 253 characters.
bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label_key(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_name(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_name(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name(text);
}

std::string_view spelling(Operator op) {
  constexpr std::array<std::string_view, 4> kNames{"In", "NotIn", "Exists", "DoesNotExist"};
  return kNames[static_cast<std::size_t>(op)];
}

Result<Requirement> make(std::string_view key, Operator op, std::vector<std::string> values) {
  if (!is_label_key(key)) return std::unexpected("invalid label key " + quoted(key));
  const bool takes_values = op == Operator::kIn || op == Operator::kNotIn;
  if (takes_values && values.empty()) {
    return std::unexpected(std::string(spelling(op)).append(" on key ").append(quoted(key)).append(" needs values"));
  }
  if (!takes_values && !values.empty()) {
    return std::unexpected(std::string(spelling(op)).append(" on key ").append(quoted(key)).append(" takes no values"));
  }
  for (const auto& value : values) {
    if (!is_label_value(value)) {
      return std::unexpected("invalid label value " + quoted(value) + " for key " + quoted(key));
    }
  }
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return Requirement{std::string(key), op, std::move(values)};
}

void bring_into_order(std::vector<Requirement>& requirements) {
  std::ranges::sort(requirements);
  requirements.erase(std::unique(requirements.begin(), requirements.end()), requirements.end());
}

// --- query text

/// Words are what stands between blanks and symbols; "==" and "!=" are one symbol. The end is an empty token.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) { advance(); }
  [[nodiscard]] std::string_view token() const { return token_; }
  [[nodiscard]] bool at_end() const { return token_.empty(); }
  [[nodiscard]] bool at_word() const { return !at_end() && kSymbols.find(token_.front()) == std::string_view::npos; }
  std::string_view take() {
    const auto token = token_;
    advance();
    return token;
  }
  bool accept(std::string_view token) {
    if (token_ != token) return false;
    advance();
    return true;
  }

 private:
  static constexpr std::string_view kSymbols = "=!(),<>";
  static constexpr std::string_view kBlanks = " \t\r\n";

  void advance() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
    std::size_t length = 0;
    if (rest_.starts_with("==") || rest_.starts_with("!=")) {
      length = 2;
    } else if (!rest_.empty() && kSymbols.find(rest_.front()) != std::string_view::npos) {
      length = 1;
    } else {
      length = std::min(rest_.find_first_of("=!(),<> \t\r\n"), rest_.size());
    }
    token_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }

  std::string_view rest_;
  std::string_view token_;
};

std::string unexpected_token(const Lexer& in, std::string_view wanted) {
  return "selector: expected " + std::string(wanted) + ", found " + (in.at_end() ? "the end" : quoted(in.token()));
}

/// After "in" or "notin": "(a,b)". An empty place between commas is the empty value.
Result<std::vector<std::string>> parse_values(Lexer& in) {
  std::vector<std::string> values;
  if (!in.accept("(")) return std::unexpected(unexpected_token(in, "\"(\""));
  if (in.accept(")")) return values;
  while (true) {
    values.emplace_back(in.at_word() ? in.take() : std::string_view());
    if (in.accept(")")) return values;
    if (!in.accept(",")) return std::unexpected(unexpected_token(in, "\",\" or \")\""));
  }
}

Result<Requirement> parse_requirement(Lexer& in) {
  const bool negated = in.accept("!");
  if (!in.at_word()) return std::unexpected(unexpected_token(in, "a label key"));
  const auto key = in.take();
  if (negated) return make(key, Operator::kDoesNotExist, {});
  if (in.at_end() || in.token() == ",") return make(key, Operator::kExists, {});
  const auto op = in.take();
  if (op == "=" || op == "==" || op == "!=") {
    const auto value = in.at_word() ? in.take() : std::string_view();
    return make(key, op == "!=" ? Operator::kNotIn : Operator::kIn, {std::string(value)});
  }
  if (op == "in" || op == "notin") {
    auto values = parse_values(in);
    if (!values) return std::unexpected(std::move(values).error());
    return make(key, op == "in" ? Operator::kIn : Operator::kNotIn, *std::move(values));
  }
  return std::unexpected("selector: unknown operator " + quoted(op));
}

bool satisfied(const Requirement& requirement, const StringMap& labels) {
  const auto found = labels.find(requirement.key);
  const bool exists = found != labels.end();
  const auto listed = [&] { return std::ranges::binary_search(requirement.values, found->second); };
  switch (requirement.op) {
    case Operator::kIn:
      return exists && listed();
    case Operator::kNotIn:
      return !exists || !listed();
    case Operator::kExists:
      return exists;
    case Operator::kDoesNotExist:
      return !exists;
  }
  return false;
}

std::string print(const Requirement& requirement) {
  const auto& [key, op, values] = requirement;
  if (op == Operator::kExists) return key;
  if (op == Operator::kDoesNotExist) return "!" + key;
  if (values.size() == 1) return key + (op == Operator::kIn ? "=" : "!=") + values.front();
  auto out = key + (op == Operator::kIn ? " in (" : " notin (");
  for (std::size_t i = 0; i < values.size(); ++i) out.append(i == 0 ? "" : ",").append(values[i]);
  return out + ")";
}

}  // namespace

std::expected<Selector, std::string> Selector::compile(const LabelSelector& selector) {
  Selector out;
  for (const auto& [key, value] : selector.matchLabels) {
    auto requirement = make(key, Operator::kIn, {value});
    if (!requirement) return std::unexpected(std::move(requirement).error());
    out.requirements_.push_back(*std::move(requirement));
  }
  for (const auto& expression : selector.matchExpressions) {
    constexpr std::array kAll{Operator::kIn, Operator::kNotIn, Operator::kExists, Operator::kDoesNotExist};
    const auto op = std::ranges::find(kAll, expression.operator_, spelling);
    if (op == kAll.end()) {
      return std::unexpected("unknown operator " + quoted(expression.operator_) + " on key " + quoted(expression.key));
    }
    auto requirement = make(expression.key, *op, expression.values);
    if (!requirement) return std::unexpected(std::move(requirement).error());
    out.requirements_.push_back(*std::move(requirement));
  }
  bring_into_order(out.requirements_);
  return out;
}

std::expected<Selector, std::string> Selector::parse(std::string_view text) {
  Selector out;
  Lexer in(text);
  if (in.at_end()) return out;
  do {
    auto requirement = parse_requirement(in);
    if (!requirement) return std::unexpected(std::move(requirement).error());
    out.requirements_.push_back(*std::move(requirement));
  } while (in.accept(","));
  if (!in.at_end()) return std::unexpected(unexpected_token(in, "\",\""));
  bring_into_order(out.requirements_);
  return out;
}

bool Selector::matches(const StringMap& labels) const {
  return std::ranges::all_of(requirements_, [&](const auto& r) { return satisfied(r, labels); });
}

std::string Selector::to_string() const {
  std::string out;
  for (const auto& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += print(requirement);
  }
  return out;
}

bool any_matches(const std::vector<Selector>& selectors, const StringMap& labels) {
  return std::ranges::any_of(selectors, [&](const Selector& s) { return s.matches(labels); });
}

}  // namespace metallb::kube
