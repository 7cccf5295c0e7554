#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian changelog, made of CHANGELOG.md: one entry for each release.

    changelog.py           prints it
    changelog.py --epoch   prints the time of the latest release, for SOURCE_DATE_EPOCH
    changelog.py --check VERSION   fails unless the latest release is VERSION
"""
import datetime
import email.utils
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAINTAINER = "The Holdfast authors <holdfast@example.org>"


def releases():
    text = (ROOT / "CHANGELOG.md").read_text()
    found = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", text, re.M)
    if not found:
        sys.exit("CHANGELOG.md: no line '## [VERSION] - DATE'")
    return [(version, datetime.datetime.fromisoformat(day + "T12:00:00+00:00"))
            for version, day in found]


def main():
    if sys.argv[1:] == ["--epoch"]:
        print(int(releases()[0][1].timestamp()))
    elif sys.argv[1:2] == ["--check"]:
        if releases()[0][0] != sys.argv[2]:
            sys.exit(f"CMakeLists.txt has version {sys.argv[2]}, CHANGELOG.md {releases()[0][0]}")
    else:
        for version, at in releases():
            print(f"holdfast ({version}) stable; urgency=medium\n\n"
                  f"  * Release {version}. What changed is in changelog.gz.\n\n"
                  f" -- {MAINTAINER}  {email.utils.format_datetime(at)}\n")


main()
