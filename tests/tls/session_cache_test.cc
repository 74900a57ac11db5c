#include "kingpin/tls/session_cache.h"

#include <openssl/ssl.h>

#include "gtest/gtest.h"
#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace tls {
namespace {

SslSessionPtr Session(int version = TLS1_3_VERSION) {
  SslSessionPtr session(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(session.get(), version);
  return session;
}

TEST(SessionCache, GivesTheNewestOnce) {
  SessionCache cache(10);
  EXPECT_EQ(cache.Take("a"), nullptr);
  SslSessionPtr old = Session();
  SslSessionPtr fresh = Session();
  SSL_SESSION* old_address = old.get();
  SSL_SESSION* fresh_address = fresh.get();
  cache.Put("a", std::move(old));
  cache.Put("a", std::move(fresh));
  EXPECT_EQ(cache.Take("b"), nullptr);
  EXPECT_EQ(cache.Take("a").get(), fresh_address);
  EXPECT_EQ(cache.Take("a").get(), old_address);
  EXPECT_EQ(cache.Take("a"), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(SessionCache, KeepsThoseOf12) {
  SessionCache cache(10);
  cache.Put("a", Session(TLS1_2_VERSION));
  SslSessionPtr first = cache.Take("a");
  SslSessionPtr second = cache.Take("a");
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(first, second);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(SessionCache, IsBoundedByNameAndInAll) {
  SessionCache cache(6);
  for (int i = 0; i < 10; ++i) cache.Put("a", Session());
  EXPECT_EQ(cache.size(), SessionCache::kMaxPerName);
  for (int i = 0; i < 3; ++i) cache.Put("b", Session());
  EXPECT_EQ(cache.size(), 6u);
  int of_a = 0;
  while (cache.Take("a") != nullptr) ++of_a;
  EXPECT_EQ(of_a, 3);  // Its oldest went for the third of b.
  for (int i = 0; i < 100; ++i) cache.Put(std::to_string(i), Session());
  EXPECT_EQ(cache.size(), 6u);
  EXPECT_NE(cache.Take("99"), nullptr);
  EXPECT_EQ(cache.Take("93"), nullptr);
}

TEST(SessionCache, OfNoneKeepsNone) {
  SessionCache cache(0);
  cache.Put("a", Session());
  EXPECT_EQ(cache.Take("a"), nullptr);
}

}  // namespace
}  // namespace tls
}  // namespace kingpin
