#include "kingpin/logger/klog.h"

int main() {
  KLOG(INFO)
      << "hello from a repository that depends on @kingpin//kingpin/logger";
  return 0;
}
