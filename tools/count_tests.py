"""Counts the results in a build event file of Bazel (--build_event_json_file).

  count_tests.py FILE     prints PASSED FAILED, and on stderr each label that failed

Counted are test targets, and besides them targets that did not build.
"""

import json
import sys


def read_events(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return  # Bazel was killed in the middle of a line.


def main(path):
    tests = {}
    broken = set()
    for event in read_events(path):
        identity = event.get("id", {})
        if "testSummary" in identity:
            status = event.get("testSummary", {}).get("overallStatus", "NO_STATUS")
            tests[identity["testSummary"]["label"]] = status
        elif "targetCompleted" in identity:
            # Success is left out of the event when it is false.
            if not event.get("completed", {}).get("success", False):
                broken.add(identity["targetCompleted"]["label"])
        elif "targetConfigured" in identity and "aborted" in event:
            broken.add(identity["targetConfigured"]["label"])
    passed = sorted(t for t, status in tests.items() if status in ("PASSED", "FLAKY"))
    failed = {t: status for t, status in tests.items() if t not in passed}
    failed.update({t: "DID NOT BUILD" for t in broken if t not in tests or t in failed})
    for label, status in sorted(failed.items()):
        print(f"  {status}: {label}", file=sys.stderr)
    print(len(passed), len(failed))


if __name__ == "__main__":
    main(sys.argv[1])
