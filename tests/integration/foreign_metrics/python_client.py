# SPDX-License-Identifier: Apache-2.0
# A Python program with the official client library, whose counters have *_created times.
import os
import signal

from prometheus_client import CollectorRegistry, Counter, Enum, Histogram, Info, start_http_server

registry = CollectorRegistry()
Counter("farm_eggs", "Eggs.", ["size"], registry=registry).labels("L").inc(3)
Histogram("farm_walk_seconds", "Walks.", buckets=[1, 2], registry=registry).observe(1.5)
Info("farm_build", "What runs.", registry=registry).info({"version": "1.2"})
Enum("farm_gate", "The gate.", states=["open", "shut"], registry=registry).state("shut")
start_http_server(int(os.environ["METRICS_PORT"]), "127.0.0.1", registry)
print("the farm is open", flush=True)
signal.pause()
