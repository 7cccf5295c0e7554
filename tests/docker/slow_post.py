# SPDX-License-Identifier: Apache-2.0
"""Posts documents slowly. Usage: slow_post.py URL COUNT BYTES

Opens COUNT connections, each as a client of its own behind a proxy, sends BYTES of a body on each but
for the last one, and prints "sent". With a line on standard input it sends the last byte, and prints
the status of each answer.
"""
import http.client
import sys
import urllib.parse

url, count, size = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
connections = []
for number in range(count):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        connection.putrequest("POST", "/api/documents?title=slow")
        connection.putheader("Content-Type", "text/plain")
        connection.putheader("Content-Length", str(size))
        connection.putheader("X-Forwarded-For", f"203.0.113.{number + 1}")
        connection.endheaders(b"a" * (size - 1))
    except OSError:
        pass  # the worker that had it is gone
    connections.append(connection)
print("sent", flush=True)
sys.stdin.readline()
for connection in connections:
    try:
        connection.send(b"a")
        print(connection.getresponse().status, flush=True)
    except (OSError, http.client.HTTPException) as error:
        print(type(error).__name__, flush=True)
