// The speaker as a whole with its BGP half: bgp spec 1.12, 2.1, 4.15.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::node;
using test::pool;
using test::SpeakerUnderTest;
using testing::IsEmpty;
using testing::SizeIs;

template <class T>
std::vector<T> told_to_engine(const SpeakerUnderTest& speaker) {
  std::vector<T> found;
  for (const auto& command : speaker.asked_for<BgpCommand>()) {
    if (const auto* is = std::get_if<T>(&command)) found.push_back(*is);
  }
  return found;
}

TEST(SpeakerBgp, TellsTheEngineOnceThatAllServicesAreKnown) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  for (int i = 0; i < 100; ++i) speaker.put(test::service({"10.20.30.1"}, "s" + std::to_string(i)));
  speaker.listed_all();
  speaker.instance.on_time(speaker.now, speaker.out);
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), IsEmpty()) << "after the first slice of two";
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
  speaker.put(pool("other", {"10.20.31.0/24"}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
  const auto published = told_to_engine<bgp::Publish>(speaker);
  ASSERT_FALSE(published.empty());
  EXPECT_FALSE(published.back().more);
}

TEST(SpeakerBgp, DoesNotCallServicesKnownWithoutAConfiguration) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"nonsense"}));
  speaker.put(test::service({"10.20.30.1"}));
  speaker.listed_all();
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), IsEmpty());
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
}

}  // namespace
}  // namespace metallb::speaker
