import { type Logger } from 'pino';

/**
 * Stops the process in order at the first SIGTERM or SIGINT and at once at the second. The process exits with 0 after
 * an orderly stop, with 1 when `stop` failed or took longer than `timeoutMs`, and with 128 + the signal at the second signal.
 */
export function stopOnSignals(options: {
  readonly logger: Logger;
  readonly stop: (signal: NodeJS.Signals) => Promise<void>;
  readonly timeoutMs: number;
}): void {
  const { logger, stop, timeoutMs } = options;
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: stopping at once');
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ timeoutMs }, 'did not stop in time');
      process.exit(1);
    }, timeoutMs).unref();
    stop(signal).then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ error }, 'failed while stopping');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/**
 * The policy for errors that nobody caught: an unhandled rejection is logged and the process goes on, for it is one
 * forgotten promise; after an uncaught exception the state of the process is unknown, so it stops by `stop` and exits with 1.
 */
export function exitOnUncaught(options: { readonly logger: Logger; readonly stop: () => Promise<void> }): void {
  const { logger, stop } = options;
  process.on('unhandledRejection', (error) => logger.error({ error }, 'a promise was rejected and nobody caught it'));
  process.once('uncaughtException', (error) => {
    logger.fatal({ error }, 'an exception was thrown and nobody caught it: stopping');
    stop().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  });
}
