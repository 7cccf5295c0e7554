// The queue worker: one job at a time, finished before it stops.
'use strict';
const { Worker } = require('bullmq');
const { connect, log, metrics, onStop } = require('./lib');

const jobs = new metrics.Counter({ name: 'shop_jobs_total', help: 'Jobs by outcome.', labelNames: ['outcome'] });

const redis = connect();
const worker = new Worker('orders', async (job) => {
  const line = log.child({ request_id: job.data.requestId, job_id: job.id });
  line.info('packing %s', job.data.item);
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.PACKING_MS || 50)));
  line.info('packed');
  return { packed: job.data.item, by: process.env.HOLDFAST_WORKER };
}, { connection: redis, concurrency: 1 });

worker.on('completed', () => jobs.inc({ outcome: 'done' }));
worker.on('failed', (job, error) => {
  jobs.inc({ outcome: 'failed' });
  log.error({ err: error, job_id: job && job.id }, 'a job failed');
});
worker.on('error', (error) => log.warn({ err: error }, 'the queue cannot be reached'));

// close() waits for the job that runs.
onStop(() => worker.close(), () => redis.quit());
worker.waitUntilReady().then(() => log.info('worker is up'));
