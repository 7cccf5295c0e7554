#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what the package says about itself from what is checked elsewhere: the manual pages from
the binaries' own --help and from docs/configuration.md, which a unit test compares with the schema
in both directions; the default configuration from the same page; completions from the binary.

    manual.py BIN_DIR OUT_DIR VERSION EPOCH
"""
import datetime
import pathlib
import re
import subprocess
import sys
import textwrap

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from markdown import blocks, plain, roff, sentences, to_roff  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = (ROOT / "docs/configuration.md").read_text()


def title(name, section, version, epoch, what):
    day = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%d")
    return (f'.\\" SPDX-License-Identifier: Apache-2.0\n'
            f'.TH {name.upper()} {section} {day} "Holdfast {version}" "Holdfast"\n'
            f".SH NAME\n{roff(name)} \\- {roff(what)}\n")


def see_also(*pages):
    lines = [f".BR {name.replace('-', chr(92) + '-')} ({section})" for name, section in pages]
    return ".SH SEE ALSO\n" + ",\n".join(lines) + "\n.PP\nAll of it in /usr/share/doc/holdfast.\n"


class Help:
    """The help of one command, as CLI11 prints it."""

    def __init__(self, binary, words):
        text = subprocess.run([binary, *words, "--help"], check=True, capture_output=True,
                              text=True, env={"COLUMNS": "200"}).stdout
        head, _, rest = text.partition("Usage: ")
        self.what = " ".join(head.split())
        self.usage, _, rest = rest.partition("\n")
        self.sections, self.footer, name = {}, [], None
        for line in rest.split("\n"):
            if line.startswith("  ") and name:
                if match := re.match(r"  (\S.*?)(?:  +(\S.*))?$", line):
                    if not line.startswith("   "):
                        self.sections[name].append([match[1], match[2] or ""])
                        continue
                self.sections[name][-1][1] += " " + line.strip()
            elif line.endswith(":") and not line.startswith(" "):
                name = line[:-1]
                self.sections[name] = []
            elif line:
                name = None
                self.footer.append(line)


def entries(rows):
    out = ""
    for term, text in rows:
        term = re.sub(r"^(-\w),(--)", r"\1, \2", term)
        out += f".TP\n\\fB{roff(term)}\\fR\n{roff(text.strip() or term)}\n"
    return out


def command_pages(binary, words):
    """What `holdfast WORDS` takes, and its own commands after it."""
    page = Help(binary, words)
    out = f".SS {roff(page.usage.replace('[OPTIONS]', '[options]'))}\n{roff(page.what)}.\n"
    for name in ("Positionals", "Options"):
        rows = [row for row in page.sections.get(name, []) if not row[0].startswith("-h,")]
        out += entries(rows)
    for name, _ in page.sections.get("Subcommands", []):
        out += command_pages(binary, [*words, name])
    return out


def holdfast_page(binary, version, epoch):
    top = Help(binary, [])
    out = title("holdfast", 1, version, epoch, top.what[0].lower() + top.what[1:].rstrip("."))
    out += ".SH SYNOPSIS\n.B holdfast\n[options] \\fIcommand\\fR [arguments]\n"
    out += (".SH DESCRIPTION\n" + sentences(
        "The supervisor, started by `holdfast run`, and the commands that ask and tell it what to do, in one "
        "program. Commands reach it by `admin.sock` in its runtime directory.") + "\n")
    out += ".SH OPTIONS\n" + entries(top.sections["Options"])
    out += ".SH COMMANDS\n"
    for name, _ in top.sections["Subcommands"]:
        out += command_pages(binary, [name])
    out += ".SH EXIT STATUS\n" + "\n".join(roff(line) for line in top.footer) + "\n"
    out += ".SH ENVIRONMENT\n" + to_roff(section_text("Environment variables")).removeprefix(".PP\n") + "\n"
    out += (".SH FILES\n.TP\n/etc/holdfast/holdfast.toml\nThe configuration.\n"
            ".TP\n/var/lib/holdfast\nDatabases, crash reports and the alerts that are still to be delivered.\n"
            ".TP\n/run/holdfast\nThe sockets of the running supervisor.\n")
    return out + see_also(("holdfast.toml", 5), ("holdfast-api-worker", 8),
                          ("holdfast-queue-worker", 8), ("systemd.service", 5))


def worker_page(binary, name, version, epoch):
    text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True).stdout
    first, *rest = text.strip().split("\n\n")
    what, _, more = first.partition(": ")[2].partition(". ")
    out = title(name, 8, version, epoch, what)
    usage = [re.match(r"  (.*?)  +(.*)", line) for line in rest[0].split("\n")]
    out += ".SH SYNOPSIS\n" + "\n.br\n".join(f".B {roff(u[1])}" for u in usage) + "\n"
    out += ".SH DESCRIPTION\n" + sentences(more) + "\n"
    for u in usage:
        out += f".TP\n.B {roff(u[1])}\n{roff(u[2])}\n"
    for line in "\n".join(rest[1:]).split("\n"):
        head, _, body = line.partition(": ")
        out += f".SH {head.upper()}\n{sentences(body)}\n"
        if head == "Commands":
            words = [u[1].split()[1] for u in usage if " " in u[1]]
            out += "".join(command_pages(binary, [w]) for w in words if not w.startswith("-"))
    return out + see_also(("holdfast", 1), ("holdfast.toml", 5))


def section_text(heading):
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## )", DOCS, re.S | re.M)[1]


def toml_page(version, epoch):
    body = DOCS.split("\n", 1)[1]
    out = title("holdfast.toml", 5, version, epoch, "configuration of the Holdfast supervisor")
    return (out + ".SH DESCRIPTION\n" + to_roff(body).removeprefix(".PP\n") + "\n" +
            see_also(("holdfast", 1), ("systemd.exec", 5)))


CONFIG_HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# The configuration of Holdfast: holdfast.toml(5). Every key is here with its default, as "#key = value":
# remove the '#' to change one. As it stands, this file changes nothing.
# `holdfast check-config` says what is wrong with it, `holdfast reload` applies it.
"""

DEFAULT_STACK = """
# The stack that runs as long as no [program.NAME] is given. To change it, or to add a program,
# name all of them.
#[program.migrate]
#command = ["holdfast-queue-worker", "migrate"]
#type = "oneshot"
#
#[program.queue-worker]
#command = ["holdfast-queue-worker"]
#after = ["migrate"]
#stop_timeout = "15s"
#
#[program.api-worker]
#command = ["holdfast-api-worker"]
#replicas = 2
#after = ["queue-worker"]
#sockets = ["http"]
"""


def comment(text, indent="# "):
    return "\n".join(textwrap.wrap(plain(text), 98, initial_indent=indent, subsequent_indent=indent,
                                   break_long_words=False, break_on_hyphens=False)) + "\n"


def default_configuration():
    out, open_text, heading = CONFIG_HEAD, [], None
    for kind, content in blocks(DOCS):
        if kind == "heading":
            heading, open_text = content[1].strip("`"), []
            continue
        if kind == "text":
            open_text.append(content)
        if kind != "table" or content[0] != ["key", "type", "default", "reload", "meaning"]:
            continue
        named = "NAME" in heading
        out += "\n"
        if heading == "[program.NAME]":
            out += DEFAULT_STACK.lstrip("\n") + "#\n# What a program may have:\n"
        elif heading.startswith("["):
            out += "".join(comment(text) for text in open_text)
        if heading.startswith("["):
            out += f"{'#' if named else ''}{heading}\n"
        for key, _, default, _, meaning in content[1:]:
            value = plain(default)
            out += "\n" + comment(meaning)
            out += f"#{plain(key)} =   # unset\n" if value == "unset" else f"#{plain(key)} = {value}\n"
    return out


def main():
    bin_dir, out_dir, version, epoch = sys.argv[1:]
    bins, out = pathlib.Path(bin_dir), pathlib.Path(out_dir)
    for folder in ("man", "completions"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    pages = {
        "holdfast.1": holdfast_page(bins / "holdfast", version, epoch),
        "holdfast.toml.5": toml_page(version, epoch),
        **{f"{name}.8": worker_page(bins / name, name, version, epoch)
           for name in ("holdfast-api-worker", "holdfast-queue-worker")},
    }
    for name, text in pages.items():
        (out / "man" / name).write_text(text)
    for name in ("holdfast", "holdfast-queue-worker"):
        for shell in ("bash", "zsh", "fish"):
            script = subprocess.run([bins / name, "completion", shell], check=True,
                                    capture_output=True).stdout
            (out / "completions" / f"{name}.{shell}").write_bytes(script)
    (out / "holdfast.toml").write_text(default_configuration())


main()
