import { describe, expect, test } from '@jest/globals';
import { narrowestMode } from './execution-mode';
import { requestDigest, workflowId } from './start-identity';

describe('the identity of a start', () => {
  test('is the same id for the same key in every process and release', () => {
    expect(workflowId('order-17')).toBe('ead8b1b5-2461-5e19-bbee-aa40ee1399c1');
    expect(workflowId('order-18')).not.toBe(workflowId('order-17'));
    expect(workflowId(undefined)).not.toBe(workflowId(undefined));
  });

  test('does not depend on the order of keys, but on every value', () => {
    const request = { playbook: 'p', variables: { a: 1, b: [1, 2] }, context: {} };
    expect(requestDigest({ context: {}, variables: { b: [1, 2], a: 1 }, playbook: 'p' })).toBe(requestDigest(request));
    const others = [
      { ...request, playbook: 'q' },
      { ...request, variables: { a: 1, b: [2, 1] } },
      { ...request, context: { x: null } },
      { ...request, executionMode: 'parallel' as const },
    ];
    expect(new Set([request, ...others].map(requestDigest)).size).toBe(5);
  });
});

test.each([
  ['parallel', undefined, 'mixed', 'parallel'],
  ['parallel', 'parallel', 'parallel', 'parallel'],
  ['parallel', 'sequential', 'parallel', 'sequential'],
  ['parallel', 'parallel', 'sequential', 'sequential'],
  ['sequential', 'parallel', 'parallel', 'sequential'],
] as const)('configured %s, run %s, playbook %s runs %s', (configured, ofRun, ofPlaybook, mode) => {
  expect(narrowestMode(configured, ofRun, ofPlaybook)).toBe(mode);
});
