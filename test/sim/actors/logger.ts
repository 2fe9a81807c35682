import { createLogger, type Logger } from '@braid/service';
import { type SimProcess } from '../world/process';

/** Lines that tell of a mistake in Braid, whatever went wrong around it. */
const mistakes = new Set(['a decision threw', 'an attempt could not be handled', 'an effect failed']);

/** The log of a simulated process, which is part of the trace. */
export function simLogger(process: SimProcess, level: string): Logger {
  return createLogger(
    { level, service: 'sim', instance: process.name },
    {
      write(line: string) {
        const {
          msg,
          error,
          level: severity,
          ...rest
        } = JSON.parse(line) as {
          readonly msg: string;
          readonly level: number;
          readonly error?: { readonly type?: string; readonly message?: string; readonly stack?: string };
        };
        const {
          time: _time,
          service: _service,
          instance: _instance,
          ...fields
        } = rest as Readonly<Record<string, unknown>>;
        const why = error?.message === undefined ? '' : `: ${error.message}`;
        process.world.trace.note(`      ${process.name} says (${severity}): ${msg}${why} ${JSON.stringify(fields)}`);
        if (mistakes.has(msg) && error?.type !== 'StoreUnavailableError')
          process.world.violated(`${process.name}: ${msg}: ${error?.stack ?? ''}`);
      },
    },
  );
}
