import { type LoggerService } from '@nestjs/common';
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * The log of a service: one JSON object per line on standard output, each with the service and the instance that wrote it.
 * @param destination where lines go instead of standard output.
 */
export function createLogger(
  options: { readonly level: string; readonly service: string; readonly instance: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service, instance: options.instance },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** Nest writes its own lines through `logger`: what Nest calls `log` is `debug` here, for it tells about wiring only. */
export function nestLogger(logger: Logger): LoggerService {
  // Nest appends the context as the last argument, and for errors the stack before it.
  const fields = (rest: readonly unknown[]) => {
    const texts = rest.filter((value) => typeof value === 'string');
    const context = texts.at(-1);
    const stack = texts.length > 1 ? texts[0] : undefined;
    return { ...(context === undefined ? {} : { context }), ...(stack === undefined ? {} : { stack }) };
  };
  const at =
    (level: 'fatal' | 'error' | 'warn' | 'debug' | 'trace') =>
    (message: unknown, ...rest: unknown[]) => {
      const text = message instanceof Error ? message.message : String(message);
      logger[level](message instanceof Error ? { ...fields(rest), error: message } : fields(rest), text);
    };
  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    log: at('debug'),
    debug: at('debug'),
    verbose: at('trace'),
  };
}
