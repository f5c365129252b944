// The columns of kinds that definitions made.
#pragma once

#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {

/// From a version's additionalPrinterColumns; without any, the age is shown beside the name.
[[nodiscard]] Printer make_custom_printer(const json::array& columns);

}  // namespace metallb::apiserver
