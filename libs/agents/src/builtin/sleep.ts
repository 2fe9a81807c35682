import { setTimeout as wait } from 'node:timers/promises';
import { type Agent } from '../agent';
import { inputReader } from '../input';
import { type StatedUsage, usageField } from './stated-usage';

type Input = StatedUsage & { readonly ms?: number; readonly seconds?: number };

const longestMs = 2_147_483_647;

const read = inputReader<Input>('builtin.sleep', {
  type: 'object',
  properties: {
    ms: { type: 'number', minimum: 0, maximum: longestMs },
    seconds: { type: 'number', minimum: 0, maximum: longestMs / 1_000 },
    ...usageField,
  },
  oneOf: [{ required: ['ms'] }, { required: ['seconds'] }],
});

/** Waits for `ms` milliseconds or `seconds` seconds and gives back its input with how long it slept. It reports `usage`. */
export const sleep: Agent = {
  name: 'builtin.sleep',
  async run(work, ctx) {
    const input = read(work.input);
    const ms = input.ms ?? (input.seconds ?? 0) * 1_000;
    const begun = performance.now();
    if (input.usage) ctx.reportUsage(input.usage);
    await wait(ms, undefined, { signal: ctx.signal });
    return { ...input, sleptMs: Math.round(performance.now() - begun) };
  },
};
