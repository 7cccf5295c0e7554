# SPDX-License-Identifier: Apache-2.0
# What gunicorn serves in neighbours_test.cpp: the names of the variables that it was given.
import os


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("\n".join(sorted(os.environ)) + "\n").encode()]
