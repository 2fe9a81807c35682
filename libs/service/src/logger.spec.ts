import { expect, test } from '@jest/globals';
import { createLogger, nestLogger } from './logger';

function capture(level: string) {
  const lines: string[] = [];
  const logger = createLogger({ level, service: 'runner', instance: 'r1' }, { write: (line) => void lines.push(line) });
  return { logger, records: () => lines.map((line) => JSON.parse(line) as { [field: string]: unknown }) };
}

test('a line is one JSON object that names service, instance, level and time', () => {
  const { logger, records } = capture('info');
  logger.info({ workflow: 'w1' }, 'begun');
  expect(records()).toEqual([
    expect.objectContaining({ level: 'info', service: 'runner', instance: 'r1', workflow: 'w1', msg: 'begun' }),
  ]);
  expect(Number.isNaN(Date.parse(String(records()[0]?.['time'])))).toBe(false);
});

test('an error under the name "error" keeps its message and stack', () => {
  const { logger, records } = capture('info');
  logger.error({ error: new TypeError('broken') }, 'failed');
  expect(records()[0]?.['error']).toEqual(
    expect.objectContaining({ type: 'TypeError', message: 'broken', stack: expect.stringContaining('logger.spec') }),
  );
});

test("Nest's wiring lines are debug lines, its errors keep context and stack", () => {
  const { logger, records } = capture('info');
  const nest = nestLogger(logger);
  nest.log('mapped a route', 'RouterExplorer');
  nest.error('no provider', 'Error: no provider\n  at x', 'Injector');
  expect(records()).toEqual([
    expect.objectContaining({
      level: 'error',
      msg: 'no provider',
      context: 'Injector',
      stack: 'Error: no provider\n  at x',
    }),
  ]);
});
