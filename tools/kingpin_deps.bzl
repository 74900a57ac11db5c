"""What Kingpin's targets depend on, for workspaces without Bazel modules.

Keep the versions in step with MODULE.bazel. The archives and their checksums are
those of the Bazel Central Registry. A repository that the workspace has declared
before keeps its declaration.
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
