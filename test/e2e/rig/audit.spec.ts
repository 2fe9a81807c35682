import { describe, expect, it } from '@jest/globals';
import { type StoredEvent } from '@braid/events';
import { auditHistory } from './audit';

type Fact = readonly [type: string, data?: object];
const failed: Fact = ['BranchFailed', { branch: 'root', step: 'f', failure: {} }];
const over: Fact = ['WorkflowFailed', { failure: {} }];
const retried: Fact = ['WorkflowRetried', { branches: ['f/a'] }];
const reopened: Fact = ['ForkReopened', { branch: 'root', step: 'f', failed: ['a'], cancelled: ['b'], skipped: [] }];
const ends = (branch: string): Fact => ['BranchCancelled', { branch, reason: 'unreachable' }];

/** What is said of ends; the rules, which refuse these histories for other reasons, are left out. */
const twice = (facts: readonly Fact[]) =>
  auditHistory(
    facts.map(([type, data = {}], index) => ({ type, data, version: index + 1 }) as unknown as StoredEvent),
  ).faults.filter((fault) => fault.includes('ended'));

describe('The audit of a history', () => {
  it('lets what a retry opens again end once more', () => {
    const first = [ends('f/a'), ends('f/b'), ends('f/c'), failed, over];
    expect(twice([...first, retried, reopened, ends('f/a'), ends('f/b'), failed, over])).toEqual([]);
  });

  it('sees what ends twice without, and what a retry leaves alone', () => {
    expect(twice([failed, over, failed, over])).toEqual(['branch root ended 2 times', 'workflow ended 2 times']);
    expect(twice([ends('f/c'), failed, over, retried, reopened, ends('f/c')])).toEqual(['branch f/c ended 2 times']);
    expect(twice([over, retried, over, over])).toEqual(['workflow ended 2 times']);
  });
});
