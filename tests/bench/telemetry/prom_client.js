// SPDX-License-Identifier: Apache-2.0
// prom-client's AggregatorRegistry with Node's cluster: node prom_client.js WORKERS COUNTERS HISTOGRAMS
// Prints `listening PORT` when all workers are there. One counter moves at each scrape; the cost
// of a scrape is the same whichever move.
"use strict";
const cluster = require("node:cluster");
const http = require("node:http");
const client = require("prom-client");

const [workers, counters, histograms] = process.argv.slice(2).map(Number);
const registry = new client.AggregatorRegistry();

function labels(series) {
  return { method: "GET", route: `/api/documents/${series}`, status: "200" };
}

if (cluster.isPrimary) {
  const answer = async (_request, response) => {
    try {
      const text = await registry.clusterMetrics();
      response.setHeader("Content-Type", registry.contentType);
      response.end(text);
    } catch (error) {
      response.statusCode = 500;
      response.end(error.message);
    }
  };
  let ready = 0;
  for (let i = 0; i < workers; ++i) {
    cluster.fork().on("message", (message) => {
      if (message !== "ready" || ++ready < workers) return;
      const server = http.createServer(answer);
      server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
    });
  }
} else {
  const labelNames = ["method", "route", "status"];
  const requests = new client.Counter({
    name: "bench_requests_total",
    help: "Requests.",
    labelNames,
    collect() {
      this.inc(labels(0), 97);
    },
  });
  for (let i = 0; i < counters; ++i) requests.inc(labels(i), i);
  if (histograms > 0) {
    const seconds = new client.Histogram({
      name: "bench_request_seconds",
      help: "Requests.",
      labelNames,
    });
    for (let i = 0; i < histograms; ++i) seconds.observe(labels(i), 0.3);
  }
  process.send("ready");
}
