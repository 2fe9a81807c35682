import { createHash } from 'node:crypto';
import { AgentError } from '@braid/sdk';
import { type Agent } from '../agent';
import { inputReader } from '../input';
import { type StatedUsage, usageField } from './stated-usage';

type Input = StatedUsage & { readonly failures?: number; readonly probability?: number };

const read = inputReader<Input>('builtin.flaky', {
  type: 'object',
  properties: {
    failures: { type: 'integer', minimum: 0 },
    probability: { type: 'number', minimum: 0, maximum: 1 },
    ...usageField,
  },
  anyOf: [{ required: ['failures'] }, { required: ['probability'] }],
});

/**
 * Fails the first `failures` attempts of a step, or each attempt with `probability`, and otherwise gives back its input.
 * Every attempt reports `usage`. Chance comes from the idempotency key and the attempt, so the same attempt always ends the same way.
 */
export const flaky: Agent = {
  name: 'builtin.flaky',
  async run(work, ctx) {
    const input = read(work.input);
    if (input.usage) ctx.reportUsage(input.usage);
    const planned = work.attempt <= (input.failures ?? 0);
    const unlucky = chance(`${work.idempotencyKey}#${work.attempt}`) < (input.probability ?? 0);
    if (planned || unlucky) throw new AgentError(`attempt ${work.attempt} failed as asked`, { type: 'Flaky' });
    return input;
  },
};

/** A number from 0 to 1 (exclusive) that is fixed by the seed. */
function chance(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;
}
