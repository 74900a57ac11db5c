#include "kingpin/tls/kernel_tls.h"

#include <openssl/bio.h>

#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace tls {

int AttachKernelTls(int fd) { return sys::AttachUpperProtocol(fd, "tls"); }

bool UseKernelTls(SSL* ssl, int fd) {
  // The only BIO that can write records of other types than data through the
  // kernel. The one for reading cannot, so reading stays with OpenSSL.
  BIO* bio = BIO_new_socket(fd, BIO_NOCLOSE);
  if (bio == nullptr) return false;
  SSL_set0_wbio(ssl, bio);
  SSL_set_options(ssl, SSL_OP_ENABLE_KTLS);
  return true;
}

bool KernelTlsSends(SSL* ssl) {
  return BIO_get_ktls_send(SSL_get_wbio(ssl)) != 0;
}

}  // namespace tls
}  // namespace kingpin
