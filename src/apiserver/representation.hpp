// In which form an answer is sent: the object itself, its metadata, or a Table; as the Accept header asks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/error.hpp"
#include "apiserver/route.hpp"
#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {

struct Form {
  enum class Shape : std::uint8_t { kObject, kMetadata, kTable };
  Shape shape = Shape::kObject;
  std::string meta_version = "v1";  ///< of meta.k8s.io, for tables and metadata
  RowObject row_object = RowObject::kMetadata;

  friend bool operator==(const Form&, const Form&) = default;
};

/// The first form of the Accept header that this server speaks (an empty header means JSON); 406 when there is none.
[[nodiscard]] Result<Form> negotiate(std::string_view accept, const Query& query);

/// One object, in the version of the route.
[[nodiscard]] json::object render(const Form& form, const Route& route, const json::object& object, WallPoint now);

struct ListMetadata {
  std::uint64_t version = 0;
  std::string continue_token{};
  std::size_t remaining = 0;  ///< 0: not told
};
[[nodiscard]] json::object render_list(const Form& form, const Route& route, const std::vector<const json::object*>& objects,
                                       const ListMetadata& metadata, WallPoint now);
/// What a bookmark event carries.
[[nodiscard]] json::object render_bookmark(const Form& form, const Route& route, std::uint64_t version);

}  // namespace metallb::apiserver
