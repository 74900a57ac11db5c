#include "kingpin/tls/tls_error.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace tls {
namespace {

constexpr int kMaxNames = 5;

// What OpenSSL's own words do not tell somebody who has not read the RFC.
const char* KnownReason(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
      return "plain HTTP where TLS is spoken: the address begins with https://";
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "a request for a proxy, in the plain, where TLS is spoken";
    case SSL_R_WRONG_VERSION_NUMBER:
      return "what came is not TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "no version of TLS in common: here it is 1.2 or later";
    case SSL_R_NO_SHARED_CIPHER:
      return "no cipher in common";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "no application protocol (ALPN) in common";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "the peer ended the connection without close_notify: what came "
             "may be cut short";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "a record was damaged or forged";
    default:
      return nullptr;
  }
}

// RFC 8446 section 6. OpenSSL 3.0 has no words for some of those of TLS 1.3.
std::string DescribeAlert(int alert) {
  switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "it demands a certificate of this side, which has none";
    case SSL_AD_MISSING_EXTENSION:
      return "missing extension";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "no application protocol (ALPN) in common";
    default:
      break;
  }
  const std::string text = SSL_alert_desc_string_long(alert);
  return text == "unknown" ? absl::StrCat("alert ", alert) : text;
}

bool IsFirst(int reason) {
  const unsigned long code = ERR_peek_error();
  return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reason;
}

std::string DescribeCode(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (const char* known = KnownReason(reason); known != nullptr) return known;
    // Alerts of the peer (ssl(7): SSL_AD_REASON_OFFSET).
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
      return absl::StrCat("the peer refused: ",
                          DescribeAlert(reason - SSL_AD_REASON_OFFSET));
    }
  }
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(reason);
  const char* text = ERR_reason_error_string(code);
  return text == nullptr ? absl::StrCat("OpenSSL error ", code) : text;
}

std::string IssuerOf(X509* certificate) {
  char text[256] = "";
  if (certificate != nullptr) {
    X509_NAME_oneline(X509_get_issuer_name(certificate), text, sizeof(text));
  }
  return text;
}

std::string CommonNameOf(X509* certificate) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                            text, sizeof(text));
  return text;
}

std::string TextOf(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

}  // namespace

std::string TakeTlsError() {
  const unsigned long code = ERR_peek_error();
  std::string text = code == 0 ? "" : DescribeCode(code);
  ERR_clear_error();
  return text;
}

bool IsUnexpectedEnd() { return IsFirst(SSL_R_UNEXPECTED_EOF_WHILE_READING); }
bool IsNotTls() { return IsFirst(SSL_R_WRONG_VERSION_NUMBER); }
bool IsPlainHttp() { return IsFirst(SSL_R_HTTP_REQUEST); }

std::string TimeText(const ASN1_TIME* time) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || ASN1_TIME_print(bio.get(), time) != 1) return "?";
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

std::string NamesOf(X509* certificate) {
  std::unique_ptr<GENERAL_NAMES, OpensslFree<&GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
          certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  int shown = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get());
       ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    if (++shown > kMaxNames) return text + ", ...";
    absl::StrAppend(&text, shown > 1 ? ", " : "", TextOf(name->d.dNSName));
  }
  return text.empty() ? CommonNameOf(certificate) : text;
}

std::string DescribeRefusal(long code, X509* certificate,
                            const std::string& host) {
  if (certificate == nullptr) return X509_verify_cert_error_string(code);
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrCat("the certificate has expired: it was valid until ",
                          TimeText(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrCat("the certificate is not valid before ",
                          TimeText(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return absl::StrCat("the certificate is for ", NamesOf(certificate),
                          " and not for ", host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the certificate is self-signed and not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return absl::StrCat("the certificate's issuer is not trusted: ",
                          IssuerOf(certificate));
    default:
      return absl::StrCat("the certificate was refused: ",
                          X509_verify_cert_error_string(code));
  }
}

}  // namespace tls
}  // namespace kingpin
