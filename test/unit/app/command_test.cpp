#include "app/command.hpp"

#include <gtest/gtest.h>

#include <array>

namespace metallb::app {
namespace {

template <std::size_t N>
Selection select(const std::array<const char*, N>& argv) {
  return select_command(static_cast<int>(N), argv.data());
}

TEST(Command, IsTheFirstArgument) {
  const auto selected = select(std::array{"/usr/bin/metallb", "apiserver", "--port=1"});
  EXPECT_EQ(selected.name, "apiserver");
  EXPECT_EQ(selected.skip, 1);
}

TEST(Command, IsTheProgramsNameForControllerAndSpeaker) {
  EXPECT_EQ(select(std::array{"/controller", "--port=1"}).name, "controller");
  EXPECT_EQ(select(std::array{"/controller", "--port=1"}).skip, 0);
  EXPECT_EQ(select(std::array{"speaker"}).name, "speaker");
  EXPECT_EQ(select(std::array{"/a/speaker", "controller"}).name, "speaker");
}

TEST(Command, IsNoneWithoutArguments) {
  EXPECT_EQ(select(std::array{"metallb"}).name, "");
}

}  // namespace
}  // namespace metallb::app
