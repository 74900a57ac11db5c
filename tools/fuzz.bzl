"""Fuzz targets that double as regression tests."""

def kingpin_fuzz_test(name, srcs, corpus = [], deps = [], **kwargs):
    """Declares a test that replays a corpus, and a fuzzer over the same code.

    NAME is a cc_test that feeds every corpus file to the target; it runs in every
    configuration. NAME_fuzzer (tagged manual) is the same target with libFuzzer's
    main: ./bazelw run --config=fuzz //pkg:NAME_fuzzer -- $PWD/pkg/corpus

    Args:
      name: the name of the test.
      srcs: sources that define LLVMFuzzerTestOneInput.
      corpus: input files, usually a glob. Each is one input.
      deps: what srcs depend on.
      **kwargs: further attributes of the cc_test, for example size.
    """
    native.filegroup(
        name = name + "_corpus",
        srcs = corpus,
        testonly = True,
    )
    native.cc_test(
        name = name,
        srcs = srcs,
        args = ["$(rootpaths :%s_corpus)" % name] if corpus else [],
        data = [":%s_corpus" % name],
        # Parsers know no threads: see docs/building.md.
        tags = ["one_thread"],
        deps = deps + [Label("//tools:fuzz_replay_main")],
        **kwargs
    )
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = srcs,
        tags = ["manual"],
        deps = deps,
    )
