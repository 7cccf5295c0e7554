// The API: takes orders, puts them into the queue, says what became of them.
'use strict';
const { randomUUID } = require('node:crypto');
const express = require('express');
const { Queue } = require('bullmq');
const pinoHttp = require('pino-http');
const { closerOf, connect, inherited, log, metrics, onStop } = require('./lib');

// The names that the supervisor's status page draws.
const requests = new metrics.Counter({
  name: 'http_requests_total', help: 'Requests answered.', labelNames: ['method', 'route', 'status'],
});
const durations = new metrics.Histogram({
  name: 'http_request_duration_seconds', help: 'Time to answer a request.', labelNames: ['method', 'route'],
});

const redis = connect();
const queue = new Queue('orders', { connection: redis });
const app = express();
app.disable('x-powered-by');

app.get('/ready', async (request, response) => {
  const answer = await Promise.race([
    redis.ping(), new Promise((resolve) => setTimeout(resolve, 1000, 'no answer from Redis'))]);
  response.status(answer === 'PONG' ? 200 : 503).json({ redis: answer });
});

// One id over API, queue and worker: `holdfast logs --request-id ID` shows all of it.
app.use(pinoHttp({
  logger: log,
  genReqId: (request, response) => {
    const id = /^[\w.-]{1,128}$/.test(request.get('X-Request-ID') || '') ? request.get('X-Request-ID') : randomUUID();
    response.setHeader('X-Request-ID', id);
    return id;
  },
  customProps: (request) => ({ request_id: request.id }),
  serializers: { req: ({ method, url }) => ({ method, url }), res: ({ statusCode }) => ({ statusCode }) },
}));
app.use((request, response, next) => {
  const time = durations.startTimer();
  response.on('finish', () => {
    const route = request.route ? request.route.path : 'none';
    requests.inc({ method: request.method, route, status: response.statusCode });
    time({ method: request.method, route });
  });
  next();
});
app.use(express.json());

app.post('/orders', async (request, response) => {
  const item = String(request.body.item || '');
  if (!item) return response.status(422).json({ error: 'item is missing' });
  const job = await queue.add('order', { item, requestId: request.id },
    { attempts: 3, backoff: { type: 'exponential', delay: 500 }, removeOnComplete: 1000, removeOnFail: 1000 });
  response.status(202).json({ id: job.id });
});

app.get('/orders/:id', async (request, response) => {
  const job = await queue.getJob(request.params.id);
  if (!job) return response.status(404).json({ error: 'no such order' });
  response.json({ id: job.id, state: await job.getState(), result: job.returnvalue });
});

const server = app.listen(inherited('shop') || { port: 3001, host: '127.0.0.1' },
  () => log.info('listening'));
onStop(closerOf(server), () => queue.close(), () => redis.quit());
