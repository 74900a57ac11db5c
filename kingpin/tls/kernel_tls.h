// Kernel TLS: records are made in the kernel, so that sendfile(2) sends files
// encrypted without a copy through the process.
//
// Only for sending. Linux 4.13 and later with CONFIG_TLS (the module tls);
// elsewhere, and for ciphers that the kernel does not know, records are made
// here and the same bytes arrive.
//
// Threads: any.
// Source: Linux Documentation/networking/tls.rst; SSL_CTX_set_options(3).
//
//   if (AttachKernelTls(fd) == 0) UseKernelTls(ssl, fd);
//   ... the handshake ...
//   if (KernelTlsSends(ssl)) sendfile(fd, ...);
#ifndef KINGPIN_TLS_KERNEL_TLS_H_
#define KINGPIN_TLS_KERNEL_TLS_H_

#include <openssl/ssl.h>

namespace kingpin {
namespace tls {

// Asks the kernel for TLS on a connected TCP socket; 0 or errno. The socket is
// as it was until keys are set.
int AttachKernelTls(int fd);

// Has `ssl`, before its handshake, give its keys for sending to the kernel.
// False when out of memory.
bool UseKernelTls(SSL* ssl, int fd);

// After the handshake: the kernel has taken them.
bool KernelTlsSends(SSL* ssl);

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_KERNEL_TLS_H_
