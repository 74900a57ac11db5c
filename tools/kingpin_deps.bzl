"""What Kingpin's targets depend on, for workspaces without Bazel modules.

Keep the versions in step with MODULE.bazel. The archives and their checksums are
those of the Bazel Central Registry. A repository that the workspace has declared
before keeps its declaration. OpenSSL, c-ares and SQLite are the host's here
(Debian: libssl-dev, libc-ares-dev, libsqlite3-dev), because the registry's need
Bazel modules to build.
"""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")

def kingpin_deps():
    """Declares the repositories that targets below @kingpin//kingpin need."""
    maybe(
        http_archive,
        name = "abseil-cpp",
        integrity = "sha256-9Q5awxGoE4Laf6dblzEOS5AGR0+VYKxG9UqZZ/B9SuM=",
        strip_prefix = "abseil-cpp-20240722.0",
        url = "https://github.com/abseil/abseil-cpp/releases/download/20240722.0/abseil-cpp-20240722.0.tar.gz",
    )
    maybe(
        http_archive,
        name = "bazel_skylib",
        integrity = "sha256-zVWgYudjuTSZIfD124w5MyiNyLpPdt2UFqrGis7jy5Q=",
        url = "https://github.com/bazelbuild/bazel-skylib/releases/download/1.5.0/bazel-skylib-1.5.0.tar.gz",
    )
    maybe(
        http_archive,
        name = "platforms",
        integrity = "sha256-IY7+juc20mo1cmY7N0olPAErcW2K8MB+hC6C8jigp+4=",
        url = "https://github.com/bazelbuild/platforms/releases/download/0.0.10/platforms-0.0.10.tar.gz",
    )
    _content_codings()
    for library in ["c-ares", "openssl", "sqlite3"]:
        _of_the_host(library)

def _content_codings():
    maybe(
        http_archive,
        name = "brotli",
        integrity = "sha256-5yCmyilCi4A/StFlNxdx9TmPq6OX7fZ3iDehhZnqE/8=",
        strip_prefix = "brotli-1.1.0",
        url = "https://github.com/google/brotli/archive/refs/tags/v1.1.0.tar.gz",
    )
    maybe(
        http_archive,
        name = "zlib",
        build_file = Label("//tools/modules:zlib.BUILD"),
        integrity = "sha256-mpOyt9/ax3zrpaVYpYDnRmfdb+3kWFuR7vtg8Dty3yM=",
        strip_prefix = "zlib-1.3.1",
        url = "https://github.com/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz",
    )
    maybe(
        http_archive,
        name = "zstd",
        build_file = Label("//tools/modules:zstd.BUILD"),
        integrity = "sha256-6zPlH0mhXgI5UM14Jcp0pKK0Pbg1SCWsJPwbfuCeb6M=",
        strip_prefix = "zstd-1.5.7",
        url = "https://github.com/facebook/zstd/releases/download/v1.5.7/zstd-1.5.7.tar.gz",
    )

# The folder only has to exist: compiler and linker find the library themselves.
def _of_the_host(library):
    maybe(
        native.new_local_repository,
        name = library,
        path = "/usr/share/misc",
        build_file = Label("//tools/modules:%s.BUILD" % library),
    )
