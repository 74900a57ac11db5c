// Certificates for tests, made when they are needed, so that none in the tree
// ever expires.
//
//   TestCa ca;
//   CertificateFiles files = ca.Issue({.names = {"a.example"}});
//   TlsServer::Create({files.certificate, files.key});
#ifndef KINGPIN_TESTS_TLS_TEST_CERTIFICATES_H_
#define KINGPIN_TESTS_TLS_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace testing {

using KeyPtr = std::unique_ptr<EVP_PKEY, tls::OpensslFree<&EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, tls::OpensslFree<&X509_free>>;

struct CertificateSpec {
  std::vector<std::string> names = {"localhost"};  // Or addresses.
  absl::Duration begins = -absl::Hours(1);         // From now.
  absl::Duration ends = absl::Hours(24);
  bool self_signed = false;
  bool rsa = false;  // 2048 bits, else P-256.
};

// Paths of PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

class TestCa {
 public:
  explicit TestCa(const std::string& name = "Test CA");

  // The certificate of the CA itself.
  const std::string& file() const { return file_; }
  CertificateFiles Issue(const CertificateSpec& spec = {});
  // The same, in place of what is in `files`.
  void IssueTo(const CertificateFiles& files, const CertificateSpec& spec);

 private:
  KeyPtr key_;
  X509Ptr certificate_;
  std::string file_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TLS_TEST_CERTIFICATES_H_
