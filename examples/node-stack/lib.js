// What a Node.js process needs to run under Holdfast, and as well without it.
'use strict';
const http = require('node:http');
const Redis = require('ioredis');
const pino = require('pino');
const metrics = require('prom-client');

const log = pino();  // JSON lines on standard output; the supervisor adds the worker

// systemd's LISTEN_FDS protocol: the sockets that the supervisor hands on, by name.
const names = (process.env.LISTEN_FDNAMES || '').split(':');
const inherited = (name) => (names.includes(name) ? { fd: 3 + names.indexOf(name) } : null);

// BullMQ asks for maxRetriesPerRequest: null; its workers wait on a connection for ever.
const connect = () => new Redis(process.env.REDIS_URL || 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null });

// The process's metrics, for the supervisor, which adds them up over the replicas and across restarts.
metrics.collectDefaultMetrics();
http.createServer(async (request, response) => {
  response.setHeader('Content-Type', metrics.register.contentType);
  response.end(await metrics.register.metrics());
}).listen(inherited('telemetry') || { port: 0, host: '127.0.0.1' });

// Stops in this order, once. What hangs is the supervisor's business: stop_timeout.
const onStop = (...steps) => {
  let stopping = false;
  const stop = async (signal) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    for (const step of steps) await step();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

// Closes a server without resetting a client. A client may send its next request on an idle
// connection at any moment, so every answer says "Connection: close" first, and what is idle after
// a while is closed then.
const closerOf = (server) => {
  let draining = false;
  server.prependListener('request', (request, response) => {
    if (draining) response.setHeader('Connection', 'close');
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {};  // from Node 19 on, close() calls it
  return () => new Promise((done) => {
    draining = true;
    server.close(done);
    setTimeout(closeIdle, 1500);
  });
};

module.exports = { closerOf, connect, inherited, log, metrics, onStop };
