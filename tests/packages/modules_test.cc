// Every module of another project compiles, links and runs, whichever way it was
// brought here, and is not older than the interface our code is written for.

#include <ares.h>
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

namespace {

constexpr unsigned kBrotli1_1 = 0x1001000;
constexpr unsigned kZstd1_5 = 10500;
constexpr unsigned long kOpenSsl3 = 0x30000000;
constexpr int kCares1_18 = 0x011200;
constexpr int kSqlite3_40 = 3040000;

TEST(ModulesTest, Zlib) {
  EXPECT_STREQ(zlibVersion(), ZLIB_VERSION);
  EXPECT_GE(ZLIB_VERNUM, 0x1300);
}

TEST(ModulesTest, Brotli) {
  EXPECT_GE(BrotliDecoderVersion(), kBrotli1_1);
  EXPECT_GE(BrotliEncoderVersion(), kBrotli1_1);
}

TEST(ModulesTest, Zstd) { EXPECT_GE(ZSTD_versionNumber(), kZstd1_5); }

TEST(ModulesTest, OpenSsl) {
  EXPECT_GE(OpenSSL_version_num(), kOpenSsl3);
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  ASSERT_NE(context, nullptr);
  SSL_CTX_free(context);
}

TEST(ModulesTest, Cares) {
  int version = 0;
  EXPECT_NE(ares_version(&version), nullptr);
  EXPECT_GE(version, kCares1_18);
  ASSERT_EQ(ares_library_init(ARES_LIB_INIT_ALL), ARES_SUCCESS);
  ares_library_cleanup();
}

TEST(ModulesTest, Sqlite) {
  EXPECT_GE(sqlite3_libversion_number(), kSqlite3_40);
  // Used from a thread of its own, not the one that has opened it.
  EXPECT_NE(sqlite3_threadsafe(), 0);
}

}  // namespace
