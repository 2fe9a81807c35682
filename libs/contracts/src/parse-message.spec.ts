import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type MessageKind, type MessageKinds, parseMessage } from '@braid/contracts';

const kinds: readonly MessageKind[] = ['start', 'command', 'report', 'work', 'heartbeat', 'cancel', 'runner'];

const step = {
  kind: 'agent',
  id: 'check',
  path: 'steps[0]',
  onFailure: 'fail',
  agent: 'http',
  with: { url: '${{ variables.url }}' },
  retry: {
    maximumAttempts: 3,
    initialInterval: 1000,
    backoffCoefficient: 2,
    maximumInterval: 10_000,
    nonRetryableErrors: ['HttpError'],
  },
  timeout: 60_000,
} as const;

const attempt = { workflow: 'w-1', branch: 'root', step: 'check', attempt: 1 };

const samples: MessageKinds = {
  start: {
    workflow: 'w-1',
    playbook: { name: 'review', version: '2' },
    graph: {
      format: 1,
      name: 'review',
      executionType: 'parallel',
      fallbackToSequential: true,
      variables: { url: { type: 'string' } },
      steps: [
        {
          kind: 'parallel',
          id: 'reviews',
          path: 'steps[0]',
          onFailure: 'fail',
          branches: [{ name: 'speed', path: 'steps[0].parallel.branches.speed', needs: [], steps: [step] }],
          converge: {
            strategy: { name: 'all-settled', require: { percent: 80 } },
            losers: 'cancel',
            onUnmet: 'fail',
            onConflict: { prefer: 'speed' },
          },
        },
      ],
    },
    variables: {},
    context: {},
    executionMode: 'parallel',
    requestDigest: 'abc',
  },
  command: { workflow: 'w-1', command: 'cancel', by: 'me' },
  report: {
    ...attempt,
    token: 't',
    runner: 'r-1',
    startedAt: 1,
    endedAt: 2,
    type: 'BranchFailed',
    failure: {
      type: 'HttpError',
      message: 'no',
      code: 'agent-error',
      retryable: true,
      cause: { type: 'Error', message: '\u0000', code: 'internal', retryable: false },
    },
  },
  work: {
    ...attempt,
    type: 'BranchRequested',
    partition: 3,
    playbook: 'review',
    agent: 'http',
    input: null,
    context: {},
    idempotencyKey: 'k',
    token: 't',
    timeout: 1000,
  },
  heartbeat: { runner: 'r-1', attempts: [{ ...attempt, startedAt: 5 }] },
  cancel: { workflow: 'w-1', attempts: [{ branch: 'root', step: 's', attempt: 1 }], reason: 'converged' },
  runner: {
    runner: 'r-1',
    host: 'h',
    pid: 4,
    startedAt: 5,
    draining: false,
    agents: [{ agent: 'http', slots: 16, busy: 2 }],
  },
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value));

/** The sample with one value, anywhere in it, replaced or removed. */
function damaged(sample: object, at: readonly string[], value: unknown): object {
  const copy = structuredClone(sample);
  let target: { [key: string]: unknown } = copy as { [key: string]: unknown };
  for (const key of at.slice(0, -1)) target = target[key] as { [key: string]: unknown };
  const last = at.at(-1) ?? '';
  if (value === undefined) delete target[last];
  else target[last] = value;
  return copy;
}

describe('parseMessage', () => {
  it.each(kinds)('reads a %s message as it was sent', (kind) => {
    expect(parseMessage(kind, encode(samples[kind]))).toEqual({ ok: true, value: samples[kind] });
  });

  it('keeps what a newer sender says', () => {
    const value = { ...samples.command, priority: 5 };
    expect(parseMessage('command', encode(value))).toEqual({ ok: true, value });
  });

  it.each<[string, MessageKind, readonly string[], unknown, string]>([
    [
      'a missing property',
      'command',
      ['workflow'],
      undefined,
      "the command message must have required property 'workflow'",
    ],
    ['a number for a text', 'command', ['workflow'], 5, 'workflow must be string; it is a number'],
    ['a text for a number', 'work', ['attempt'], '1', 'attempt must be integer; it is a text of 1 characters'],
    [
      'an unknown command',
      'command',
      ['command'],
      'explode',
      'message must be one of ["cancel","pause","resume","retry","signal","child-ended","child-asks"]; it is a text of 7 characters (explode)',
    ],
    ['an id that is no subject token', 'cancel', ['workflow'], 'a.b', 'workflow must match pattern'],
    ['an unknown failure code', 'report', ['failure', 'code'], 'oops', 'failure.code must be one of'],
    [
      'a wrong cause, deep down',
      'report',
      ['failure', 'cause', 'retryable'],
      1,
      'failure.cause.retryable must be boolean',
    ],
    [
      'an unknown kind of report',
      'report',
      ['type'],
      'BranchMaybe',
      'type of the report message must be one of ["BranchCompleted","BranchFailed"]',
    ],
    [
      'an unknown kind of step',
      'start',
      ['graph', 'steps', '0', 'kind'],
      'loop',
      'graph.steps.0.kind must be one of ["agent",',
    ],
    [
      'a step inside a branch without retry',
      'start',
      ['graph', 'steps', '0', 'branches', '0', 'steps', '0', 'retry'],
      undefined,
      "graph.steps.0.branches.0.steps.0 must have required property 'retry'",
    ],
  ])('says where it stands: %s', (_what, kind, at, value, reason) => {
    const parsed = parseMessage(kind, encode(damaged(samples[kind], at, value)));
    expect(parsed).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('does not repeat the value that is wrong, which may be a secret', () => {
    const parsed = parseMessage('report', encode({ ...samples.report, token: { key: 'canary-7' } }));
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain('canary');
    expect(JSON.stringify(parseMessage('report', Buffer.from('canary-7')))).not.toContain('canary');
  });

  it.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.from(''), 'not JSON'],
    ['text', Buffer.from('hello'), 'not JSON'],
    ['a cut message', encode(samples.command).subarray(0, 20), 'not JSON'],
    ['half a character', Buffer.from([0x22, 0xc3, 0x22]), 'not valid UTF-8'],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not valid UTF-8'],
    ['10 000 lists in each other', Buffer.from('['.repeat(10_000) + ']'.repeat(10_000)), 'nested more than 256'],
    [
      '10 000 objects in each other',
      Buffer.from('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)),
      'nested more than 256',
    ],
    ['more than 32 MiB', Buffer.alloc(33_554_433, 0x20), 'at most 33554432'],
    ['null', Buffer.from('null'), 'must be object; it is null'],
  ])('refuses %s', (_what, bytes, reason) => {
    for (const kind of kinds) {
      expect(parseMessage(kind, bytes)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
    }
  });

  it('does not count brackets inside strings', () => {
    const reason = '[{"\\'.repeat(1_000);
    expect(parseMessage('cancel', encode({ ...samples.cancel, reason }))).toEqual({
      ok: true,
      value: { ...samples.cancel, reason },
    });
  });

  it('reads NUL, lone surrogates and reserved names without harm', () => {
    const text = '{"workflow":"w","reason":"\\u0000 \\ud800","__proto__":{"polluted":1},"constructor":{}}';
    expect(parseMessage('cancel', Buffer.from(text)).ok).toBe(true);
    expect(({} as { readonly polluted?: number }).polluted).toBeUndefined();
  });

  it('never throws, whatever arrives', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.jsonValue({ maxDepth: 6 }).map(encode),
      fc
        .tuple(
          fc.constantFrom(...kinds),
          fc.jsonValue(),
          fc.constantFrom('workflow', 'graph', 'type', 'failure', 'attempts', 'agents'),
        )
        .map(([kind, value, key]) => encode({ ...samples[kind], [key]: value })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), any, (kind, bytes) => {
        const parsed = parseMessage(kind, bytes);
        expect(parsed.ok || parsed.reason.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
