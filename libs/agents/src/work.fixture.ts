import { tmpdir } from 'node:os';
import { type Amounts, type Json } from '@braid/events';
import { type AttemptContext, type Work } from './agent';

/** Work for tests, complete but for what a test says. */
export function workOf(given: Partial<Work> = {}): Work {
  return {
    type: 'BranchRequested',
    workflow: 'w1',
    partition: 0,
    playbook: 'test',
    branch: 'root',
    step: 's1',
    attempt: 1,
    agent: 'builtin.echo',
    input: {},
    context: {},
    idempotencyKey: 'w1/root/s1',
    timeout: 60_000,
    ...given,
  };
}

/** A context for tests that keeps what it was told. */
export function contextOf(given: Partial<AttemptContext> = {}) {
  const lines: string[] = [];
  const beats: (Json | undefined)[] = [];
  const usage: Amounts[] = [];
  return {
    signal: new AbortController().signal,
    scratchDir: tmpdir(),
    deadline: Date.now() + 60_000,
    log: (line: string) => void lines.push(line),
    heartbeat: (details?: Json) => void beats.push(details),
    reportUsage: (amounts: Amounts) => void usage.push(amounts),
    ...given,
    lines,
    beats,
    usage,
  };
}
