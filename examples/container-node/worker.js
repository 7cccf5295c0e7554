// Packs orders, one after another, and finishes the one that it is at before it stops.
'use strict';
const fs = require('node:fs/promises');
const http = require('node:http');

let packed = 0;
let stopping = false;
process.on('SIGTERM', () => { stopping = true; });

// An answered scrape is this process's heartbeat; the supervisor keeps the total over restarts.
const names = (process.env.LISTEN_FDNAMES || '').split(':');
http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain; version=0.0.4');
  response.end(`# HELP shop_orders_packed_total Orders packed.\n# TYPE shop_orders_packed_total counter\nshop_orders_packed_total ${packed}\n`);
}).listen(names.includes('telemetry') ? { fd: 3 + names.indexOf('telemetry') } : { port: 0, host: '127.0.0.1' });

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
(async () => {
  console.log('worker is up');
  while (!stopping) {
    const next = (await fs.readdir('spool')).find((name) => name.endsWith('.new'));
    if (!next) {
      await sleep(100);
      continue;
    }
    await sleep(50);  // packing
    await fs.rename(`spool/${next}`, `spool/${next.replace('.new', '.packed')}`);
    packed++;
  }
  console.log('worker has stopped');
  process.exit(0);
})();
