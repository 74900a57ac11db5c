"""Rewrites a jar list for a private prefix.

  jar_class_path.py PREFIX LIST

LIST (below PREFIX) names jars by absolute path, one a line, and the jars' own
manifests name more. The list becomes the closure of both, with PREFIX in front.
"""

import os
import sys
import zipfile


def manifest_class_path(jar):
    try:
        manifest = zipfile.ZipFile(jar).read("META-INF/MANIFEST.MF")
    except KeyError:
        return []
    # A manifest wraps long lines: the rest follows after a newline and a space.
    text = manifest.decode("utf-8", "replace").replace("\r\n", "\n").replace("\n ", "")
    for line in text.split("\n"):
        if line.startswith("Class-Path:"):
            return line[len("Class-Path:"):].split()
    return []


def main(prefix, list_path):
    path = os.path.join(prefix, list_path)
    with open(path) as lines:
        pending = [prefix + line.strip() for line in lines if line.strip()]
    jars = []
    while pending:
        jar = pending.pop(0)
        if jar in jars or not os.path.exists(jar):
            continue
        jars.append(jar)
        for entry in manifest_class_path(jar):
            base = prefix if entry.startswith("/") else os.path.dirname(jar) + "/"
            pending.append(base + entry)
    with open(path, "w") as lines:
        lines.write("\n".join(jars) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
