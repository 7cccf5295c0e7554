// Brings what is in Redis up to date, and ends. Exit code 0: done; what comes after it may start.
'use strict';
const Redis = require('ioredis');

const redis = new Redis(process.env.REDIS_URL || 'redis://127.0.0.1:6379');
(async () => {
  await redis.set('shop:schema', '1');
  await redis.quit();
  console.log('schema 1');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
