// Lists in pages, each a view of one moment: later pages are computed back from the window of recent changes.
#pragma once

#include "apiserver/filter.hpp"
#include "apiserver/representation.hpp"
#include "apiserver/route.hpp"
#include "apiserver/store.hpp"

namespace metallb::apiserver {

/// The list (or Table) that a GET of a collection answers. 410 when the moment of a continue token, or of an exact
/// resourceVersion, lies before the window; 400 for bad parameters.
[[nodiscard]] Result<json::object> list(const Store& store, const Route& route, const Query& query, const Form& form,
                                        WallPoint now);

}  // namespace metallb::apiserver
