# The packages of kingpin/ from the bottom up: each may use those before it, and
# itself. Read by package_layers_test.sh and tools/check_layers.
# shellcheck shell=bash disable=SC2034
readonly LAYERS=(sys logger pool net dns tls http)
# Up to net: nothing but Abseil and libc.
readonly ABSEIL_ONLY=(sys logger pool net)
