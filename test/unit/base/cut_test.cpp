#include "base/cut.hpp"

#include <gtest/gtest.h>

namespace metallb {
namespace {

TEST(Cut, LeavesWhatIsShortEnough) {
  EXPECT_EQ(cut("", 0), "");
  EXPECT_EQ(cut("abc", 3), "abc");
}

TEST(Cut, TakesNoPartOfACharacter) {
  const std::string text = "a\u00e9\u20ac\U0001f600b";  // of 1, 2, 3, 4 and 1 bytes
  const std::size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t most = 0; most < std::size(ends); ++most) EXPECT_EQ(cut(text, most), text.substr(0, ends[most])) << most;
}

}  // namespace
}  // namespace metallb
