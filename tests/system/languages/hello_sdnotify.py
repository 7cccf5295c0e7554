# SPDX-License-Identifier: Apache-2.0
"""sdnotify, and the descriptor as it is. Answers "sdnotify" on its only socket."""
import select
import socket

import sdnotify

listener = socket.socket(fileno=3)
sdnotify.SystemdNotifier(debug=True).notify("READY=1\nSTATUS=by sdnotify")
while True:
    select.select([listener], [], [])
    try:
        client, _ = listener.accept()
    except BlockingIOError:  # Another process was faster.
        continue
    client.sendall(b"sdnotify\n")
    client.close()
