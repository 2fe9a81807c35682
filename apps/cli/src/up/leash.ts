import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into every service before its own code (`node --require`). A service must not outlive the `braid up` that started
 * it, however that ended: the kernel closes the channel between the two, and the service then stops as on SIGTERM.
 */
const graceMs = 10_000;

if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref();
  });
  // Listening must not keep a service alive that has nothing left to do.
  process.channel.unref();
}
