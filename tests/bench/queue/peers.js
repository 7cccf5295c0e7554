// SPDX-License-Identifier: Apache-2.0
// The peers of bench_queue: node peers.js SYSTEM OPERATION URL [NUMBER...]
//   enqueue IN_FLIGHT SECONDS  so many callers, each adds its next job when the last one is durable
//   process JOBS               adds them, then runs them in this process
//   pickup SAMPLES             idle: from before a job is added until its handler begins
//   paced RATE SECONDS         adds at a fixed rate; latency counts from when a job was due
//   work [HOLD_MS]             runs jobs until it is killed; with HOLD_MS each takes so long, and
//                              prints "began" first
// Every operation but `work` prints one JSON object, and `work` prints "working". A handler does
// nothing else; a payload has 200 bytes.
"use strict";
const { setTimeout: sleep } = require("node:timers/promises");

const queueName = "bench";
const payload = { text: "x".repeat(188) };
const bulk = 500;

// Each system: add(), addBulk(count), and work(handler, throughput), set up for either throughput
// or an early begin.
const systems = {
  async bullmq(url) {
    const { Queue, Worker } = require("bullmq");
    const { hostname: host, port } = new URL(url);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const queue = new Queue(queueName, { connection });
    await queue.waitUntilReady();
    const opts = { removeOnComplete: true };
    return {
      add: () => queue.add("job", payload, opts),
      addBulk: (count) => queue.addBulk(Array(count).fill({ name: "job", data: payload, opts })),
      async work(handler) {
        const worker = new Worker(queueName, handler, { connection, concurrency: 50 });
        worker.on("error", (error) => console.error(error.message));
        await worker.waitUntilReady();
      },
    };
  },

  async "graphile-worker"(url) {
    const { Logger, makeWorkerUtils, run } = require("graphile-worker");
    const { Pool } = require("pg");
    const pgPool = new Pool({ connectionString: url, max: 26 });
    pgPool.on("error", (error) => console.error(error.message));
    pgPool.on("connect", (client) => client.on("error", (error) => console.error(error.message)));
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
    return {
      add: () => utils.addJob("job", payload),
      addBulk: (count) => utils.addJobs(Array(count).fill({ identifier: "job", payload })),
      async work(handler, throughput) {
        const batches = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
        await run({
          pgPool,
          logger,
          concurrency: 24,
          noHandleSignals: true,
          parsedCronItems: [],
          taskList: { job: handler },
          preset: { worker: throughput ? batches : {} },
        });
      },
    };
  },

  async "pg-boss"(url) {
    const { PgBoss } = require("pg-boss");
    const boss = new PgBoss({ connectionString: url, max: 20, useListenNotify: true });
    boss.on("error", (error) => console.error(error.message));
    await boss.start();
    await boss.createQueue(queueName, { notify: true });
    return {
      add: () => boss.send(queueName, payload),
      addBulk: (count) => boss.insert(queueName, Array(count).fill({ data: payload })),
      async work(handler, throughput) {
        const batches = { batchSize: 100, burstWhenBatchFull: true, localConcurrency: 4 };
        await boss.work(
          queueName,
          { pollingIntervalSeconds: 0.5, ...(throughput ? batches : {}) },
          (jobs) => Promise.all(jobs.map(handler)),
        );
      },
    };
  },
};

function percentiles(sample) {
  sample.sort((a, b) => a - b);
  const at = (share) => sample[Math.min(sample.length - 1, Math.floor(share * sample.length))];
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const operations = {
  async enqueue(system, inFlight, seconds) {
    await system.add();
    const began = performance.now();
    const until = began + seconds * 1000;
    let count = 0;
    const caller = async () => {
      for (; performance.now() < until; count += 1) await system.add();
    };
    await Promise.all(Array.from({ length: inFlight }, caller));
    return { rate: (count * 1000) / (performance.now() - began) };
  },

  async process(system, jobs) {
    for (let added = 0; added < jobs; added += bulk) await system.addBulk(bulk);
    let seen = 0;
    let began = 0;
    const finished = new Promise((resolve) => {
      const handler = async () => {
        if (seen === 0) began = performance.now();
        seen += 1;
        if (seen === jobs) resolve(performance.now());
      };
      system.work(handler, true);
    });
    return { rate: (jobs * 1000) / ((await finished) - began) };
  },

  async pickup(system, samples) {
    let begun = () => {};
    await system.work(async () => begun(performance.now()), false);
    await sleep(1000);
    const taken = [];
    for (let i = 0; i < samples; i += 1) {
      await sleep(5 + Math.random() * 10);
      const when = new Promise((resolve) => (begun = resolve));
      const before = performance.now();
      await system.add();
      taken.push((await when) - before);
    }
    return percentiles(taken);
  },

  async paced(system, rate, seconds) {
    await system.add();
    const taken = [];
    const all = [];
    const began = performance.now() + 100;
    const due = (i) => began + (i * 1000) / rate;
    for (let i = 0; i < rate * seconds; ) {
      const now = performance.now();
      for (; i < rate * seconds && due(i) <= now; i += 1) {
        const when = due(i);
        all.push(system.add().then(() => taken.push(performance.now() - when)));
      }
      await sleep(1); // as fine as Node's timers are
    }
    await Promise.all(all);
    return percentiles(taken);
  },

  async work(system, holdMs) {
    const hold = async () => {
      console.log("began");
      await sleep(holdMs);
    };
    await system.work(holdMs ? hold : async () => {}, !holdMs);
    console.log("working");
    await new Promise(() => {});
  },
};

async function main(name, operation, url, ...numbers) {
  const system = await systems[name](url);
  console.log(JSON.stringify(await operations[operation](system, ...numbers.map(Number))));
  process.exit(0);
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
