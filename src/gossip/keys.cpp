#include "gossip/keys.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/contract.hpp"

namespace metallb::gossip {
namespace {

constexpr std::size_t kNonceSize = std::tuple_size_v<Nonce>;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kBlock = 16;
constexpr std::uint8_t kVersionPadded = 0;
constexpr std::uint8_t kVersion = 1;
static_assert(kSealOverhead == 1 + kNonceSize + kTagSize);

constexpr std::array<std::uint8_t, 32> kSha256OfNothing{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                                        0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                                        0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_CIPHER_CTX_new());
  METALLB_CONTRACT(context != nullptr, "OpenSSL has memory for a cipher");
  return context;
}

/// Looked up once, since that takes longer than sealing a packet.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  METALLB_CONTRACT(kCipher != nullptr, "AES-256-GCM is available");
  return kCipher;
}

int length_of(ByteView bytes) {
  METALLB_CONTRACT(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
                   "no message has two gigabytes");
  return static_cast<int>(bytes.size());
}

/// `encrypted`: ciphertext and tag. Nothing when it does not open.
std::optional<Bytes> decrypt(const Key& key, ByteView nonce, ByteView encrypted, ByteView associated) {
  const auto text = encrypted.first(encrypted.size() - kTagSize);
  auto tag = encrypted.last(kTagSize);
  Bytes plain(text.size() + 1);  // OpenSSL wants a place to write to, even for nothing
  const auto context = new_context();
  int written = 0;
  const bool set = EVP_DecryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), nonce.data()) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagSize),
                                       const_cast<std::uint8_t*>(tag.data())) == 1;  // only read
  METALLB_CONTRACT(set, "AES-256-GCM takes a key, a nonce and a tag");
  if (!associated.empty() &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(), length_of(associated)) != 1) {
    return std::nullopt;
  }
  if (!text.empty() && EVP_DecryptUpdate(context.get(), plain.data(), &written, text.data(), length_of(text)) != 1) {
    return std::nullopt;
  }
  if (EVP_DecryptFinal_ex(context.get(), plain.data() + text.size(), &written) != 1) return std::nullopt;
  plain.resize(text.size());
  return plain;
}

/// PKCS#7 (RFC 5652, Section 6.3): the last byte says how many bytes of that value were added, 1 to 16.
bool remove_padding(Bytes& plain) {
  if (plain.empty() || plain.size() % kBlock != 0) return false;
  const auto count = plain.back();
  if (count == 0 || count > kBlock) return false;
  if (!std::all_of(plain.end() - count, plain.end(), [&](std::uint8_t b) { return b == count; })) return false;
  plain.resize(plain.size() - count);
  return true;
}

}  // namespace

Key derive_key(ByteView secret) {
  Key key{};
  const auto taken = std::min(secret.size(), key.size());
  const auto rest = std::copy_n(secret.begin(), taken, key.begin());
  std::copy_n(kSha256OfNothing.begin(), key.size() - taken, rest);
  return key;
}

Bytes seal(const Key& key, const Nonce& nonce, ByteView plain, ByteView associated) {
  Bytes out(plain.size() + kSealOverhead);
  out[0] = kVersion;
  std::copy(nonce.begin(), nonce.end(), out.begin() + 1);
  auto* text = out.data() + 1 + kNonceSize;
  auto* tag = text + plain.size();
  const auto context = new_context();
  int written = 0;
  bool done = EVP_EncryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), nonce.data()) == 1;
  if (!associated.empty()) {
    done = done && EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(), length_of(associated)) == 1;
  }
  if (!plain.empty()) {
    done = done && EVP_EncryptUpdate(context.get(), text, &written, plain.data(), length_of(plain)) == 1;
  }
  done = done && EVP_EncryptFinal_ex(context.get(), tag, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagSize), tag) == 1;
  METALLB_CONTRACT(done, "AES-256-GCM seals whatever it is given");
  return out;
}

Opened open(const KeyRing& ring, ByteView sealed, ByteView associated) {
  if (sealed.empty()) return {std::nullopt, SealError::kTooShort};
  const auto version = sealed[0];
  if (version > kVersion) return {std::nullopt, SealError::kVersion};
  if (sealed.size() < kSealOverhead) return {std::nullopt, SealError::kTooShort};
  const auto nonce = sealed.subspan(1, kNonceSize);
  const auto encrypted = sealed.subspan(1 + kNonceSize);
  for (const auto& key : ring.keys) {
    auto plain = decrypt(key, nonce, encrypted, associated);
    if (!plain) continue;
    if (version == kVersionPadded && !remove_padding(*plain)) return {std::nullopt, SealError::kPadding};
    return {std::move(plain), {}};
  }
  return {std::nullopt, SealError::kWrongKey};
}

}  // namespace metallb::gossip
