import { expect, test } from '@jest/globals';
import { AgentError, isAgentError, NonRetryableError } from './agent-error';
import { type AgentContext, defineAgent, isAgentDefinition } from './define-agent';

const ctx = {} as AgentContext;

test('the types of input and output are those of the function', async () => {
  const agent = defineAgent({
    name: 'text.length',
    run: ({ text }: { readonly text: string }) => ({ length: text.length }),
  });
  const output: { length: number } = await agent.run({ text: 'abc' }, ctx);
  expect(output).toEqual({ length: 3 });
  expect(isAgentDefinition(agent)).toBe(true);
  expect([{}, null, 'agent', { ...{ name: 'x' } }].some(isAgentDefinition)).toBe(false);
});

test.each(['', 'a b', '.a', 'a/b', 'ä', 'a'.repeat(129)])('%j is no name of an agent', (name) => {
  expect(() => defineAgent({ name, run: () => null })).toThrow('is not an agent name');
});

test.each([0, -1, 1.5, Number.NaN])('%d is no concurrency', (concurrency) => {
  expect(() => defineAgent({ name: 'a', concurrency, run: () => null })).toThrow('whole number');
});

test('an error carries its type, its class by default, and whether a retry can help', () => {
  class QuotaError extends AgentError {}
  expect(new QuotaError('x')).toMatchObject({ type: 'QuotaError', name: 'QuotaError', code: 'agent-error' });
  expect(new AgentError('x', { type: 'Mine', code: 'overloaded', retryAfter: 5, retryable: false })).toMatchObject({
    type: 'Mine',
    code: 'overloaded',
    retryAfter: 5,
    retryable: false,
  });
  expect(new NonRetryableError('x', { cause: 1 })).toMatchObject({
    type: 'NonRetryableError',
    retryable: false,
    cause: 1,
  });
  expect([new AgentError('x'), new Error('x'), { message: 'x' }].map(isAgentError)).toEqual([true, false, false]);
});
