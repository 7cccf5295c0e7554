# SPDX-License-Identifier: Apache-2.0
"""The part of Markdown that docs/configuration.md uses, as blocks, and these as roff (man(7))."""
import re


def cells(line):
    """The cells of a table row; a bar within backticks or after a backslash separates nothing."""
    out, cell, code = [], "", False
    body = line.strip()[1:-1]
    for i, c in enumerate(body):
        if c == "`":
            code = not code
        if c == "|" and not code and body[i - 1] != "\\":
            out.append(cell.strip())
            cell = ""
        else:
            cell += c
    return out + [cell.strip()]


def blocks(text):
    """(kind, content): heading (level, text), table (rows), code (lines), item (text), text."""
    lines, i = text.split("\n"), 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            end = next(j for j in range(i + 1, len(lines)) if lines[j].startswith("```"))
            yield "code", lines[i + 1:end]
            i = end + 1
        elif match := re.match(r"(#+) (.*)", line):
            yield "heading", (len(match[1]), match[2])
            i += 1
        elif line.startswith("|"):
            end = next(j for j in range(i, len(lines)) if not lines[j].startswith("|"))
            # The second line of a table only draws it.
            yield "table", [cells(row) for row in (lines[i:i + 1] + lines[i + 2:end])]
            i = end
        elif not line.strip():
            i += 1
        else:
            item = line.startswith("- ")
            part = [line[2:] if item else line]
            i += 1
            while i < len(lines) and lines[i].strip() and not re.match(r"[-|#] |\||```", lines[i]):
                part.append(lines[i].strip())
                i += 1
            yield ("item" if item else "text"), " ".join(part)


def plain(text):
    """Without links, emphasis and backticks."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return unstressed(text).replace("`", "").replace("\\|", "|")


def unstressed(text):
    return re.sub(r"(?<![\w*])\*([^\s*`][^*`]*)\*(?!\w)", r"\1", text.replace("**", ""))


def roff(text):
    """One line of running text. Code in bold, as man pages have it."""
    def literal(part):
        part = part.replace("\\", "\\e").replace("-", "\\-")
        for char, name in (("…", "..."), ("≥", ">="), ("→", "\\->"), ("±", "+-")):
            part = part.replace(char, name)
        return part

    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("\\|", "|")
    out = ""
    for n, part in enumerate(text.split("`")):
        part = literal(part if n % 2 else unstressed(part))
        out += f"\\fB{part}\\fR" if n % 2 and part else part
    return guarded(out)


def guarded(line):
    """A line that begins with a dot or an apostrophe would be a request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def sentences(text):
    """One sentence a line, as man(7) wants it."""
    parts = re.split(r"(?<=[.:;]) (?=[A-Z`\[])", text)
    return "\n".join(roff(part) for part in parts if part)


def to_roff(text):
    out = []
    for kind, content in blocks(text):
        if kind == "heading":
            level, title = content
            # A title in backticks is the name of a section of the file: it stays as it is.
            shown = plain(title).upper() if level <= 2 and "`" not in title else plain(title)
            out.append((".SH " if level <= 2 else ".SS ") + roff(shown))
        elif kind == "code":
            out += [".PP", ".RS 4", ".nf"]
            out += [guarded(line.replace("\\", "\\e").replace("-", "\\-")) for line in content]
            out += [".fi", ".RE"]
        elif kind == "table":
            head, *rows = content
            for row in rows:
                if len(head) == 5:  # key, type, default, reload, meaning
                    out += [".TP", f"\\fB{roff(plain(row[0]))}\\fR", sentences(row[4]), ".br",
                            f"Default: {roff(row[2])}; {roff(row[1])}; reload: {roff(row[3])}"]
                else:
                    rest = [sentences(cell) for cell in row[1:] if cell]
                    out += [".TP", roff(row[0]), "\n".join(rest) or "\\&"]
        elif kind == "item":
            out += [".IP \\(bu 2", sentences(content)]
        else:
            out += [".PP", sentences(content)]
    # A paragraph directly after a heading is one already.
    return re.sub(r"(\.S[HS] .*)\n\.PP", r"\1", "\n".join(out))
