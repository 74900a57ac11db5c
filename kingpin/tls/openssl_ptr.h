// Owners for OpenSSL's objects.
//
// Threads, lifetime: as std::unique_ptr.
//
//   SslPtr ssl(SSL_new(context));
#ifndef KINGPIN_TLS_OPENSSL_PTR_H_
#define KINGPIN_TLS_OPENSSL_PTR_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace kingpin {
namespace tls {

template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using SslPtr = std::unique_ptr<SSL, OpensslFree<&SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslFree<&SSL_CTX_free>>;
using SslSessionPtr =
    std::unique_ptr<SSL_SESSION, OpensslFree<&SSL_SESSION_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<&BIO_free_all>>;

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_OPENSSL_PTR_H_
