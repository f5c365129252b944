#include <gtest/gtest.h>
#include <re2/re2.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/packets/packets_thread.hpp"

namespace metallb::io {
namespace {

/// A file that lives as long as the test.
class ExcludeFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "excludel2.XXXXXX";
    const int descriptor = ::mkstemp(pattern.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
    path_ = pattern;
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  std::expected<std::string, SystemError> read(const std::string& content) {
    auto* file = std::fopen(path_.c_str(), "w");
    EXPECT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
    std::fclose(file);
    return read_exclude_expression(path_);
  }

  std::string path_;
};

TEST_F(ExcludeFile, JoinsTheExpressionsAsAlternatives) {
  EXPECT_EQ(read("announcedInterfacesToExclude: [\"^docker.*\", \"^lo$\"]\n").value(), "(^docker.*)|(^lo$)");
}

TEST_F(ExcludeFile, TakesTheKeyInAnyCase) {
  EXPECT_EQ(read("AnnouncedINTERFACEStoexclude:\n- ^eth9\n").value(), "(^eth9)");
}

TEST_F(ExcludeFile, ExcludesNothingWithoutTheFileTheKeyOrItsItems) {
  EXPECT_EQ(read_exclude_expression(path_ + ".missing").value(), "");
  EXPECT_EQ(read("").value(), "");
  EXPECT_EQ(read("somethingElse: [a]\n").value(), "");
  EXPECT_EQ(read("announcedInterfacesToExclude:\n").value(), "");
  EXPECT_EQ(read("announcedInterfacesToExclude: []\n").value(), "");
}

TEST_F(ExcludeFile, ExcludesEverythingWithAnEmptyItem) {
  const auto expression = read("announcedInterfacesToExclude: [\"^docker.*\", \"\"]\n").value();
  EXPECT_EQ(expression, "(^docker.*)|()");
  EXPECT_TRUE(RE2::PartialMatch("eth0", expression));
}

TEST_F(ExcludeFile, RefusesWhatIsNotYaml) {
  const auto result = read("announcedInterfacesToExclude: [\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().object, path_);
}

TEST_F(ExcludeFile, RefusesABadExpressionAndSaysWhichKey) {
  const auto result = read("announcedInterfacesToExclude: [\"(\"]\n");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().to_string().find("announcedInterfacesToExclude"), std::string::npos);
}

TEST_F(ExcludeFile, RefusesAListThatIsNone) {
  EXPECT_FALSE(read("announcedInterfacesToExclude: eth0\n"));
  EXPECT_FALSE(read("- eth0\n"));
}

TEST_F(ExcludeFile, RefusesAFileItCannotRead) {
  EXPECT_FALSE(read_exclude_expression(testing::TempDir()));
}

}  // namespace
}  // namespace metallb::io
