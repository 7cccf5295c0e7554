// SPDX-License-Identifier: Apache-2.0
// Exporters on Unix sockets in the directory that is the first argument, each wrong in its own way,
// and one that is right.
'use strict';
const http = require('node:http');
const net = require('node:net');
const zlib = require('node:zlib');
const path = require('node:path');

const text = { 'Content-Type': 'text/plain; version=0.0.4' };
const exposition = '# TYPE good_total counter\ngood_total 5\n# TYPE good_open gauge\ngood_open 2';
const long = Buffer.from('# TYPE long_open gauge\n' + Array.from({ length: 16000 },
  (_, i) => `long_open{i="${i}",x="${'x'.repeat(900)}"} 1\n`).join(''));
const exporters = {
  // As long as an answer may be, nearly.
  long: (request, response) => {
    response.writeHead(200, { ...text, 'Content-Length': long.length });
    response.end(long);
  },
  // Right, though unusual: in chunks, on a connection that stays open, the last line not ended.
  good: (request, response) => {
    response.writeHead(200, { ...text, Connection: 'keep-alive' });
    for (const part of exposition.match(/[^]{1,7}/g)) response.write(part);
    response.end();
  },
  // What it was asked.
  echo: (request, response) => {
    const quoted = (value) => JSON.stringify(value || '');
    response.writeHead(200, text);
    response.end('# TYPE echo_info gauge\necho_info{' +
      `target=${quoted(request.url)},accept=${quoted(request.headers.accept)},` +
      `encoding=${quoted(request.headers['accept-encoding'])},` +
      `timeout=${quoted(request.headers['x-prometheus-scrape-timeout-seconds'])}} 1\n`);
  },
  garbage: (request, response) => response.end('<html>\n<h1>It works!</h1>\n</html>\n'),
  status: (request, response) => { response.writeHead(500, text); response.end(exposition + '\n'); },
  redirect: (request, response) => { response.writeHead(302, { Location: '/metrics2' }); response.end(); },
  compressed: (request, response) => {
    response.writeHead(200, { ...text, 'Content-Encoding': 'gzip' });
    response.end(zlib.gzipSync(exposition + '\n'));
  },
  // Right, and longer about it than a scrape waits.
  late: (request, response) => setTimeout(() => response.end('# TYPE late_total counter\nlate_total 4\n'), 600),
  empty: (request, response) => { response.writeHead(200, { ...text, 'Content-Length': 0 }); response.end(); },
  never: () => {},
  slow: (request, response) => {
    response.writeHead(200, text);
    const timer = setInterval(() => response.write('# still there\n'), 50);
    response.on('close', () => clearInterval(timer));
  },
  huge: (request, response) => {
    response.writeHead(200, text);
    const block = 'huge_series{label="x"} 1\n'.repeat(10000);
    const more = () => { while (response.write(block)) { /* until it is read */ } };
    response.on('drain', more);
    more();
  },
  cut: (request, response) => {
    response.writeHead(200, { ...text, 'Content-Length': exposition.length + 100 });
    response.write(exposition + '\n', () => response.destroy());
  },
};

const listening = Object.entries(exporters).map(([name, answer]) => new Promise((done) => {
  http.createServer(answer).listen(path.join(process.argv[2], name + '.sock'), done);
}));
listening.push(new Promise((done) => {
  net.createServer((socket) => socket.end('SSH-2.0-nothing\r\n')).listen(path.join(process.argv[2], 'nohttp.sock'), done);
}));
Promise.all(listening).then(() => console.log('all exporters are up'));
