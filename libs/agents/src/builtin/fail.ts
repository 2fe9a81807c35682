import { failureCodes, type FailureCode, type Json } from '@braid/events';
import { AgentError } from '@braid/sdk';
import { type Agent } from '../agent';
import { inputReader } from '../input';

type Input = {
  readonly message?: string;
  readonly type?: string;
  readonly code?: FailureCode;
  readonly retryable?: boolean;
  readonly details?: Json;
  readonly retryAfter?: number;
};

const read = inputReader<Input | null>('builtin.fail', {
  type: ['object', 'null'],
  properties: {
    message: { type: 'string' },
    type: { type: 'string', minLength: 1 },
    code: { enum: [...failureCodes] },
    retryable: { type: 'boolean' },
    retryAfter: { type: 'number', minimum: 0 },
  },
});

/** Fails as it is told: `{message, type?, code?, retryable?, details?, retryAfter?}`. */
export const fail: Agent = {
  name: 'builtin.fail',
  async run(work) {
    const { message, ...options } = read(work.input) ?? {};
    throw new AgentError(message ?? 'failed as asked', { type: 'AskedToFail', ...options });
  },
};
