#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds documents.tsv: the texts that the quality of search is measured on.

    make_corpus.py DIRECTORY >documents.tsv

DIRECTORY holds unpacked Debian 12 packages `passwd`, `login` and `xz-utils`: those of their manual
pages that are under the BSD-3-Clause licence or in the public domain, in seven languages and five
scripts, a document for each part of a section. The notes with codes are made here.
"""
import gzip
import pathlib
import re
import sys
import unicodedata

LANGUAGES = {"": "en", "de": "de", "fr": "fr", "ru": "ru", "ja": "ja", "ko": "ko", "zh_CN": "zh"}
PAGES = {"passwd.1", "chage.1", "chfn.1", "chsh.1", "login.1", "newgrp.1", "sg.1", "expiry.1",
         "gpasswd.1", "xz.1", "xzless.1", "faillog.5", "faillog.8",
         "login.defs.5", "passwd.5", "shadow.5", "gshadow.5", "groupadd.8", "groupdel.8", "groupmod.8",
         "groupmems.8", "grpck.8", "lastlog.8", "newusers.8", "nologin.8", "pwck.8", "pwconv.8",
         "useradd.8", "userdel.8", "usermod.8", "vipw.8", "chpasswd.8", "chgpasswd.8"}
# Under the GPL, or without a word about how they may be used: xzdiff.1, xzgrep.1 and xzmore.1, which
# come from gzip, and these translations.
OTHER_LICENCES = {("ko", "chfn.1"), ("ko", "chsh.1"), ("ko", "login.1"), ("ko", "passwd.5"),
                  ("ja", "gpasswd.1"), ("ja", "pwconv.8"), ("ja", "vipw.8")}
LONGEST = 900
SHORTEST = 60


def plain(line):
    line = re.sub(r"\\s[-+]?\d+", "", line)
    line = re.sub(r"\\f(\[[^]]*\]|\(..|.)", "", line)
    line = re.sub(r"\\m\[[^]]*\]|\\[&/,|^:c]|\\%", "", line)
    for roff, char in (("\\-", "-"), ("\\(aq", "'"), ("\\(lq", "“"), ("\\(rq", "”"), ("\\(bu", "•"),
                       ("\\(co", "©"), ("\\(Fo", "«"), ("\\(Fc", "»"), ("\\ ", " "), ("\\~", " "),
                       ("\\e", "\\"), ("\\(em", "—"), ("\\(en", "–"), ("\\*(Aq", "'"), ("\\(dq", '"')):
        line = line.replace(roff, char)
    line = re.sub(r"\\\((.)(.)", accented, line)
    return line.replace("\t", " ").strip()


def accented(match):
    """\\(:a is ä."""
    mark, letter = match[1], match[2]
    if mark + letter in ("ss", "oe", "OE", "ae", "AE"):
        return {"ss": "ß", "oe": "œ", "OE": "Œ", "ae": "æ", "AE": "Æ"}[mark + letter]
    marks = {":": "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", ",": "\u0327", "~": "\u0303"}
    return unicodedata.normalize("NFC", letter + marks[mark]) if mark in marks else match[0]


def is_translated(language, text):
    """Many pages are translated in part only."""
    if language == "en":
        return True
    if language in ("de", "fr"):
        words = set(re.findall(r"\w+", text.lower()))
        own = {"de": "der die das und ist wird den dem von mit ein eine für auf nicht zu im oder des werden",
               "fr": "le la les des est et un une pour dans de du ne pas sur que par ce il d l"}[language]
        english = "the of to and is in for be with this are by it from not will that or an"
        return len(words & set(own.split())) > len(words & set(english.split()))
    return sum(c > "\u0370" for c in text) > 0.3 * len(text.replace(" ", ""))


def sections(text):
    title, lines = "", []
    for line in text.split("\n"):
        if re.match(r"\.SH\b", line):
            yield title, lines
            title, lines = plain(line[3:].strip().strip('"')), []
        elif re.match(r"\.(B|I|BR|RB|BI|IR|IB|RI|SM|SS|SB)\b", line):
            words = re.sub(r"^\.\w+\s*", "", line)
            lines.append(plain(" ".join(re.findall(r'"([^"]*)"|(\S+)', words) and
                                        [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', words)])))
        elif line.startswith((".PP", ".P", ".TP", ".sp", ".RE", ".IP", ".LP")):
            lines.append("\n")
        elif line.startswith((".", "'")):
            continue
        elif plain(line):
            lines.append(plain(line))
    yield title, lines


def pieces(lines):
    """Paragraphs, put together up to LONGEST characters."""
    text = " ".join(lines)
    paragraphs = [re.sub(r"\s+", " ", p).strip() for p in text.split("\n")]
    piece = ""
    for paragraph in filter(None, paragraphs):
        if piece and len(piece) + len(paragraph) > LONGEST:
            yield piece
            piece = ""
        piece = f"{piece} {paragraph}".strip()[: 2 * LONGEST]
    if piece:
        yield piece


NOTES = ["The label printer in hall {} stopped. It reported error code {} and was restarted.",
         "Error code {1} on conveyor {0}: the belt was cleaned and the sensor replaced.",
         "After the update, station {} shows error code {}. Call the maintenance team.",
         "Forklift {0} would not start, error code {1}; the battery was charged over night.",
         "Shift report: scanner {} failed twice with error code {}. No parcels were lost."]


def main():
    seen = set()
    rows = []
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.gz")):
        match = re.search(r"/man/(?:([^/]+)/)?man\d/([^/]+)\.gz$", str(path))
        if not match or (match[1] or "") not in LANGUAGES or match[2] not in PAGES:
            continue
        if path.is_symlink():
            continue
        language, page = LANGUAGES[match[1] or ""], match[2]
        if (language, page) in OTHER_LICENCES:
            continue
        text = gzip.open(path, "rt", encoding="utf-8", errors="replace").read()
        if re.search("general public license", text, re.IGNORECASE):
            sys.exit(f"{path} is under the GPL")
        for title, lines in sections(text):
            for number, piece in enumerate(pieces(lines), 1):
                shortest = SHORTEST // 3 if language in ("ja", "zh", "ko") else SHORTEST
                if not title or len(piece) < shortest or piece in seen or "\ufffd" in piece or not is_translated(language, piece):
                    continue
                seen.add(piece)
                suffix = f" ({number})" if number > 1 else ""
                rows.append((language, f"{page}: {title}{suffix}", piece))
    for i in range(50):
        code = f"{'XK XR QD ZT HB'.split()[i % 5]}-{4400 + (i * 37) % 97}"
        rows.append(("en", f"Note {i + 1}", NOTES[i % 5].format(i % 9 + 1, code)))
    for language, title, piece in rows:
        print(f"{language}\t{title}\t{piece}")


main()
