// SPDX-License-Identifier: Apache-2.0
// A Node.js program that counts with prom-client and knows nothing of Holdfast but systemd's
// LISTEN_FDS. It has sold the same things each time that it starts.
//   METRICS_PORT  listen there, if no socket is handed down
//   OPENMETRICS=1 speak OpenMetrics, with exemplars
'use strict';
const http = require('node:http');
const client = require('prom-client');

const open = process.env.OPENMETRICS === '1';
const register = new client.Registry();
if (open) register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
client.collectDefaultMetrics({ register });
const registers = [register];

new client.Counter({
  name: 'shop_orders_total', help: 'Orders of "all" kinds,\nby \\ shop.', labelNames: ['shop'], registers,
}).inc({ shop: 'north "1"\\\n' }, 7);

new client.Gauge({ name: 'shop_baskets_open', help: 'Baskets.', registers }).set(5);
new client.Gauge({ name: 'shop_temperature_celsius', help: 'Not measured.', registers }).set(NaN);

const payment = new client.Histogram({
  name: 'shop_payment_seconds', help: 'Payments.', labelNames: ['way'], buckets: [0.25, 1, 5],
  enableExemplars: open, registers,
});
for (const seconds of [0.125, 0.5, 0.5, 8]) {
  if (open) payment.observe({ labels: { way: 'card' }, value: seconds, exemplarLabels: { trace_id: 'abc' } });
  else payment.observe({ way: 'card' }, seconds);
}

const parcel = new client.Summary({
  name: 'shop_parcel_grams', help: 'Parcels.', percentiles: [0.5, 0.99], registers,
});
for (const grams of [100, 200, 300]) parcel.observe(grams);

const server = http.createServer(async (request, response) => {
  response.setHeader('Content-Type', register.contentType);
  response.end(await register.metrics());
});
const names = (process.env.LISTEN_FDNAMES || '').split(':');
const place = names.includes('telemetry')
  ? { fd: 3 + names.indexOf('telemetry') }
  : { port: Number(process.env.METRICS_PORT), host: 'localhost' };
server.listen(place, () => console.log('open for business'));
