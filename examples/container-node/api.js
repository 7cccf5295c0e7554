// Takes orders: each is a file in spool/, which the worker packs.
'use strict';
const fs = require('node:fs/promises');
const http = require('node:http');
const { randomUUID } = require('node:crypto');

// The socket that the supervisor hands on (LISTEN_FDS); alone, the program opens its own.
const names = (process.env.LISTEN_FDNAMES || '').split(':');
const socket = names.includes('api') ? { fd: 3 + names.indexOf('api') } : 3000;

let draining = false;
const exists = (file) => fs.access(file).then(() => true, () => false);
const server = http.createServer(async (request, response) => {
  if (draining) response.setHeader('Connection', 'close');
  const answer = (status, body) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body) + '\n');
  };
  if (request.url === '/ready') return answer(200, { status: 'ready' });
  if (request.method === 'POST' && request.url === '/orders') {
    const id = randomUUID();
    await fs.writeFile(`spool/${id}.part`, '');
    await fs.rename(`spool/${id}.part`, `spool/${id}.new`);  // whole, or not at all
    return answer(202, { id });
  }
  const [, id] = /^\/orders\/([0-9a-f-]{36})$/.exec(request.url) || [];
  if (id && await exists(`spool/${id}.packed`)) return answer(200, { id, state: 'packed' });
  if (id && await exists(`spool/${id}.new`)) return answer(200, { id, state: 'new' });
  answer(404, { error: 'not found' });
});
server.listen(socket, () => console.log('listening'));

// A client may send its next request on an idle connection at any moment, and closing that one would
// reset the request. So every answer says "Connection: close" first, and what is idle after a while
// is closed then.
const closeIdleConnections = server.closeIdleConnections.bind(server);
server.closeIdleConnections = () => {};  // from Node 19 on, close() calls it
process.on('SIGTERM', () => {
  draining = true;
  server.close(() => process.exit(0));
  setTimeout(closeIdleConnections, 1500);
});
