// A Node.js server under Holdfast, without any packages: it takes its listening socket and its
// telemetry socket by systemd's LISTEN_FDS protocol, drains on SIGTERM, and counts its requests.
'use strict';
const http = require('node:http');

const names = (process.env.LISTEN_FDNAMES || '').split(':');
const inherited = (name) => (names.includes(name) ? { fd: 3 + names.indexOf(name) } : null);

let requests = 0;
let draining = false;
const app = http.createServer((request, response) => {
  if (request.url === '/ready') return response.end('ready\n');
  requests++;
  if (draining) response.setHeader('Connection', 'close');
  response.setHeader('Content-Type', 'text/plain');
  response.end(`hello from ${process.env.HOLDFAST_WORKER || 'node'}\n`);
});

// The supervisor sums these over all workers, across restarts and crashes.
const telemetry = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain; version=0.0.4');
  response.end(
    '# HELP hello_requests_total Requests answered.\n' +
    '# TYPE hello_requests_total counter\n' +
    `hello_requests_total ${requests}\n`);
});

// A client may send its next request on an idle connection at any moment, and closing that one would
// reset the request. So every answer says "Connection: close" first, and what is idle after a while
// is closed then.
const closeIdleConnections = app.closeIdleConnections.bind(app);
app.closeIdleConnections = () => {};  // from Node 19 on, close() calls it
process.on('SIGTERM', () => {
  draining = true;
  app.close(() => process.exit(0));
  setTimeout(closeIdleConnections, 1500);
});

telemetry.listen(inherited('telemetry') || { port: 0, host: '127.0.0.1' });
app.listen(inherited('node') || { port: 3001, host: '127.0.0.1' }, () => {
  console.log(JSON.stringify({ time: new Date().toISOString(), level: 'info', msg: 'ready for requests' }));
});
