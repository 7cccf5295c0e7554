#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README.md, SECURITY.md and docs/ as they are read in /usr/share/doc/holdfast: a link to what the package has in
another place leads there, and one to what only the source has is its text alone.

    documents.py OUT_DIR
"""
import pathlib
import posixpath
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
# Besides the pages themselves and examples/, which are where they are in the source.
ELSEWHERE = {"docker/prometheus": "examples/prometheus", "docker/grafana": "examples/grafana",
             "CHANGELOG.md": "changelog.gz", "LICENSE": "copyright"}
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s#]+)(#[^()\s]*)?\)")


def installed(path):
    """Where the package has a file of the source; None if it has not."""
    if path in ("README.md", "SECURITY.md") or path.startswith(("docs/", "examples")):
        return None if path.startswith("docs/images/") else path
    return ELSEWHERE.get(path)


def page(name):
    folder = posixpath.dirname(name)

    def link(match):
        text, target, fragment = match[1], match[2], match[3] or ""
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(folder, target))
        if not (SOURCE / path).exists():
            sys.exit(f"documents: {name}: the link to {target} leads nowhere")
        there = installed(path)
        return f"[{text}]({posixpath.relpath(there, folder or '.')}{fragment})" if there else text

    return LINK.sub(link, (SOURCE / name).read_text())


def main():
    out = pathlib.Path(sys.argv[1])
    names = ["README.md", "SECURITY.md"]
    for path in sorted((SOURCE / "docs").rglob("*")):
        if path.suffix in (".md", ".json"):
            names.append(path.relative_to(SOURCE).as_posix())
    for name in names:
        to = out / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(page(name) if name.endswith(".md") else (SOURCE / name).read_text())


main()
