// Keys and seals: gossip spec 1.3, 3.8.
#include "gossip/keys.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck/gtest.h>

#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const Bytes kText = bytes_of("the text");
const Bytes kAssociated = bytes_of("associated");

std::string derived(std::string_view secret) {
  return to_hex(derive_key(bytes_of(secret)));
}

/// As a node of protocol version 1 would send it. The version is not a part of what is authenticated.
Bytes sealed_version_0(ByteView padded) {
  auto out = seal(counting_key(), counting_nonce(), padded, {});
  out[0] = 0;
  return out;
}

TEST(Keys, AreDerivedByAppendingADigestOfNothing) {
  EXPECT_EQ(derived("AAECAwQFBgcICQoLDA0ODw"), "41414543417751464267634943516f4c4441304f4477e3b0c44298fc1c149afb");
  EXPECT_EQ(derived("AAECAwQFBgcICQoLDA0ODw\n"), "41414543417751464267634943516f4c4441304f44770ae3b0c44298fc1c149a");
  EXPECT_EQ(derived("short"), "73686f7274e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599");
  EXPECT_EQ(derived("0123456789abcdef0123456789abcdefEXTRA"),
            "3031323334353637383961626364656630313233343536373839616263646566");
  EXPECT_EQ(derived("0123456789abcdef0123456789abcdef"), "3031323334353637383961626364656630313233343536373839616263646566");
}

TEST(Keys, OfAnEmptySecretAreTheDigestOfNothing) {
  Bytes digest(32);
  ASSERT_EQ(EVP_Digest(nullptr, 0, digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  EXPECT_EQ(derived(""), to_hex(digest));
}

TEST(Seal, OpensWithAnyKeyOfTheRing) {
  const auto sealed = seal(other_key(), counting_nonce(), kText, kAssociated);
  EXPECT_EQ(sealed.size(), kText.size() + kSealOverhead);
  EXPECT_EQ(open({{other_key()}}, sealed, kAssociated).plain, kText);
  EXPECT_EQ(open({{counting_key(), captured_key(), other_key()}}, sealed, kAssociated).plain, kText);
}

TEST(Seal, DoesNotOpenWithOtherKeysOrWithNone) {
  const auto sealed = seal(other_key(), counting_nonce(), kText, kAssociated);
  for (const auto& ring : {KeyRing{}, KeyRing{{counting_key()}}, KeyRing{{counting_key(), captured_key()}}}) {
    const auto opened = open(ring, sealed, kAssociated);
    EXPECT_FALSE(opened.plain.has_value());
    EXPECT_EQ(opened.error, SealError::kWrongKey);
  }
}

TEST(Seal, NoticesEveryChangedBit) {
  const KeyRing ring{{counting_key()}};
  const auto sealed = seal(counting_key(), counting_nonce(), kText, kAssociated);
  for (std::size_t i = 1; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ (1 << bit));
      EXPECT_EQ(open(ring, changed, kAssociated).error, SealError::kWrongKey) << i;
      EXPECT_FALSE(open(ring, changed, kAssociated).plain.has_value()) << i;
    }
  }
  EXPECT_FALSE(open(ring, sealed, {}).plain.has_value());
  EXPECT_FALSE(open(ring, sealed, bytes_of("associatee")).plain.has_value());
}

TEST(Seal, NoticesEveryTruncation) {
  const KeyRing ring{{counting_key()}};
  const auto sealed = seal(counting_key(), counting_nonce(), kText, {});
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = open(ring, ByteView(sealed).first(size), {});
    EXPECT_FALSE(opened.plain.has_value()) << size;
    EXPECT_EQ(opened.error, size < kSealOverhead ? SealError::kTooShort : SealError::kWrongKey) << size;
  }
}

TEST(Seal, MayHoldNothing) {
  const auto sealed = seal(counting_key(), counting_nonce(), {}, {});
  EXPECT_EQ(sealed.size(), kSealOverhead);
  EXPECT_EQ(open({{counting_key()}}, sealed, {}).plain, Bytes());
}

TEST(Seal, RefusesVersionsThatAreNotKnown) {
  auto sealed = seal(counting_key(), counting_nonce(), kText, {});
  for (const int version : {2, 3, 255}) {
    sealed[0] = static_cast<std::uint8_t>(version);
    const auto opened = open({{counting_key()}}, sealed, {});
    EXPECT_FALSE(opened.plain.has_value());
    EXPECT_EQ(opened.error, SealError::kVersion);
  }
}

TEST(Seal, OfVersion0IsOpenedAndItsPaddingRemoved) {
  for (std::size_t size = 0; size <= 33; ++size) {
    Bytes padded(size, 'x');
    const auto count = 16 - size % 16;
    padded.insert(padded.end(), count, static_cast<std::uint8_t>(count));
    EXPECT_EQ(open({{counting_key()}}, sealed_version_0(padded), {}).plain, Bytes(size, 'x')) << size;
  }
}

TEST(Seal, OfVersion0WithoutProperPaddingIsRefused) {
  Bytes zero(16, 'x');
  zero.back() = 0;
  Bytes too_much(16, 'x');
  too_much.back() = 17;
  Bytes uneven(16, 3);
  uneven[13] = 4;
  const Bytes not_a_block(15, 1);
  for (const auto& padded : {Bytes(), zero, too_much, uneven, not_a_block}) {
    const auto opened = open({{counting_key()}}, sealed_version_0(padded), {});
    EXPECT_FALSE(opened.plain.has_value());
    EXPECT_EQ(opened.error, SealError::kPadding);
  }
}

RC_GTEST_PROP(Seal, OpensToWhatWasSealed, (Bytes plain, Bytes associated, Nonce nonce)) {
  RC_ASSERT(open({{captured_key()}}, seal(captured_key(), nonce, plain, associated), associated).plain == plain);
}

RC_GTEST_PROP(Seal, OpensNothingThatWasNotSealed, (Bytes anything)) {
  RC_ASSERT(!open({{captured_key()}}, anything, {}).plain);
}

}  // namespace
}  // namespace metallb::gossip
