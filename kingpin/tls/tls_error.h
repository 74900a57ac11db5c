// What went wrong in a TLS connection or with a certificate, for people.
//
// Threads: any; the queue of errors is OpenSSL's, one a thread.
//
//   ERR_clear_error();
//   if (SSL_do_handshake(ssl) <= 0) text = TakeTlsError();
#ifndef KINGPIN_TLS_TLS_ERROR_H_
#define KINGPIN_TLS_TLS_ERROR_H_

#include <openssl/x509.h>

#include <string>

namespace kingpin {
namespace tls {

// Of the first error in this thread's queue, which is empty afterwards; empty
// if it was.
std::string TakeTlsError();

// The first error is that FIN came where close_notify should have been.
bool IsUnexpectedEnd();
// The first error is that what came is no TLS, or even plain HTTP.
bool IsNotTls();
bool IsPlainHttp();

// Why `certificate` (null: there was none) was refused; `code` is X509_V_ERR_*,
// `host` the name it should have been for.
std::string DescribeRefusal(long code, X509* certificate,
                            const std::string& host);

// The names that a certificate is for, a few of them: "a.example, *.b.example".
std::string NamesOf(X509* certificate);
// "Jan  2 15:04:05 2026 GMT".
std::string TimeText(const ASN1_TIME* time);

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_TLS_ERROR_H_
