# SPDX-License-Identifier: Apache-2.0
"""Runs the sessions of a page. Usage: transcript.py PAGE [--record] [--] COMMAND...

Each line that begins with "$ " within a ```console block of the page is run as the last argument of
COMMAND, such as `bash -c`, in the order of the page. It has to exit as the page says: with 0, or with N
where its output ends with a line "  [rc N]". With --record the page gets what the commands have printed,
and their exit codes.
"""
import re
import subprocess
import sys

TIMEOUT = 600  # s, of one command


def sessions(lines):
    """[first line, line after its output, command, exit code] of each command, in order."""
    found = []
    inside = False
    for number, line in enumerate(lines):
        if inside and found and (line.startswith("$ ") or line == "```"):
            if found[-1][1] is None:
                found[-1][1] = number
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            found.append([number, None, line[2:], 0])
        elif inside and (code := re.fullmatch(r"  \[rc (\d+)\]", line)):
            found[-1][3] = int(code[1])
    return found


def main():
    page, *command = [word for word in sys.argv[1:] if word not in ("--record", "--")]
    record = "--record" in sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        lines = file.read().splitlines()
    found = sessions(lines)
    if not found:
        sys.exit(f"{page} has no sessions")
    recorded, after, failed = [], 0, 0
    for first, end, typed, expected in found:
        result = subprocess.run(["timeout", str(TIMEOUT)] + command + [typed], check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # Of a line that a program writes again and again, as progress, the last state.
        output = [line.rstrip().rpartition("\r")[2]
                  for line in result.stdout.decode(errors="replace").rstrip("\n").split("\n")]
        if output == [""]:
            output = []
        if result.returncode != expected:
            print(f"{page}:{first + 1}: exited with {result.returncode}, not {expected}: $ {typed}")
            print(*output, sep="\n", flush=True)
            failed += 1
        if result.returncode != 0:
            output.append(f"  [rc {result.returncode}]")
        recorded += lines[after : first + 1] + output
        after = end
    if record:
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(recorded + lines[after:]) + "\n")
    print(f"{page}: {len(found)} commands, {failed} not as written")
    sys.exit(failed != 0)


main()
