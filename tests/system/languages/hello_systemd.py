# SPDX-License-Identifier: Apache-2.0
"""python3-systemd. Answers "systemd" on the socket named "systemd", which is blocking."""
import socket

from systemd import daemon

names = {name: fd for fd, name in daemon.listen_fds_with_names().items()}
listener = socket.socket(fileno=names["systemd"])
if not daemon.notify("READY=1\nSTATUS=by python3-systemd"):
    raise SystemExit("not sent")
while True:
    client, _ = listener.accept()
    client.sendall(b"systemd\n")
    client.close()
