#include "tests/tls/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace kingpin {
namespace testing {
namespace {

std::string NewPath() {
  static std::atomic<int> count = 0;
  const char* dir = std::getenv("TEST_TMPDIR");
  return absl::StrCat(dir == nullptr ? "/tmp" : dir, "/tls_test_", count++,
                      ".pem");
}

KeyPtr NewKey(bool rsa) {
  EVP_PKEY* key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  CHECK(key != nullptr);
  return KeyPtr(key);
}

void SetName(X509_NAME* name, const std::string& common_name) {
  CHECK_EQ(X509_NAME_add_entry_by_txt(
               name, "CN", MBSTRING_UTF8,
               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
               -1, 0),
           1);
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  CHECK(extension != nullptr) << value;
  CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

std::string AltNames(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ",", [](std::string* out, const std::string& n) {
    const bool address =
        n.find_first_not_of("0123456789.") == n.npos || n.find(':') != n.npos;
    absl::StrAppend(out, address ? "IP:" : "DNS:", n);
  });
}

X509Ptr NewCertificate(const CertificateSpec& spec, EVP_PKEY* key) {
  static std::atomic<long> serial = 1;
  X509Ptr certificate(X509_new());
  X509* c = certificate.get();
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c), absl::ToInt64Seconds(spec.begins));
  X509_gmtime_adj(X509_getm_notAfter(c), absl::ToInt64Seconds(spec.ends));
  SetName(X509_get_subject_name(c), spec.names[0]);
  X509_set_pubkey(c, key);
  return certificate;
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  CHECK_GT(X509_sign(certificate, key, EVP_sha256()), 0);
}

template <typename Write>
void WriteFile(const std::string& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  CHECK(file != nullptr) << path;
  CHECK_EQ(write(file), 1);
  CHECK_EQ(std::fclose(file), 0);
}

}  // namespace

TestCa::TestCa(const std::string& name)
    : key_(NewKey(/*rsa=*/false)), file_(NewPath()) {
  certificate_ = NewCertificate({.names = {name}}, key_.get());
  AddExtension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  Sign(certificate_.get(), certificate_.get(), key_.get());
  WriteFile(file_, [&](std::FILE* f) {
    return PEM_write_X509(f, certificate_.get());
  });
}

CertificateFiles TestCa::Issue(const CertificateSpec& spec) {
  CertificateFiles files = {NewPath(), NewPath()};
  IssueTo(files, spec);
  return files;
}

void TestCa::IssueTo(const CertificateFiles& files,
                     const CertificateSpec& spec) {
  KeyPtr key = NewKey(spec.rsa);
  X509Ptr certificate = NewCertificate(spec, key.get());
  AddExtension(certificate.get(), NID_subject_alt_name, AltNames(spec.names));
  if (spec.self_signed) {
    Sign(certificate.get(), certificate.get(), key.get());
  } else {
    Sign(certificate.get(), certificate_.get(), key_.get());
  }
  WriteFile(files.certificate,
            [&](std::FILE* f) { return PEM_write_X509(f, certificate.get()); });
  WriteFile(files.key, [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr,
                                nullptr);
  });
}

}  // namespace testing
}  // namespace kingpin
