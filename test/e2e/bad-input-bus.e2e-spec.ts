import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defaultPartitions, headers, partitionOf, streams, subjects } from '@braid/contracts';
import { type Json, type JsonObject } from '@braid/events';
import { agentConsumer } from '@braid/messaging';
import { type Random, random, seedOf } from '../chaos/random';
import { mostMemory } from './rig/memory';
import { spoiled } from './rig/mutations';
import { showingLogs, Stack } from './rig/stack';
import { until } from './rig/until';

jest.setTimeout(400_000);

const seed = Number(process.env['BRAID_TEST_SEED'] ?? 1);
const count = Number(process.env['BRAID_TEST_PAYLOADS'] ?? 10_000);

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start({ orchestrators: 2, runners: 1 });
}, 120_000);
afterAll(async () => {
  await stack.stop();
});

type Samples = [Sample, ...Sample[]];
type Sample = { readonly subject: string; readonly value: Json; readonly replyTo: string | undefined };

/** What travels over the bus while a workflow runs, is told things and ends. */
async function samples(): Promise<readonly Sample[]> {
  const heard: Sample[] = [];
  const stop = ['braid.in.>', 'braid.work.>', 'braid.live.>'].map((subject) =>
    stack.bus.listen(subject, (message) => {
      heard.push({ subject: message.subject, value: message.value as Json, replyTo: message.header(headers.replyTo) });
    }),
  );
  const { id } = await stack.client().start({
    playbook: `
name: sample
variables: { n: { type: integer, default: 3 } }
steps:
  - id: fork
    parallel:
      branches:
        a: { agent: builtin.echo, with: { n: '\${{ variables.n }}' } }
        b: { agent: builtin.sleep, with: { ms: 1500 } }
    converge: { strategy: all-settled }
  - id: gate
    signal: { name: go }
  - id: last
    agent: builtin.fail
    onFailure: [{ agent: builtin.echo, with: 1 }]
`,
    context: { note: 'x' },
  });
  await stack.client().pause(id);
  await stack.client().resume(id);
  await stack.client().signal(id, 'go', { by: 'somebody' });
  expect((await stack.ended(id)).status).toBe('completed');
  const kinds = new Set(heard.map(({ subject }) => subject.split('.').slice(1, 4).join('.')));
  for (const kind of ['in', 'work', 'live']) expect([...kinds].filter((one) => one.startsWith(kind))).not.toEqual([]);
  for (const end of stop) end();
  return heard.filter(({ subject }) => !subject.startsWith('braid.live.released'));
}

const waiting = async (stream: string) =>
  (await stack.bus.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number } }>().state.messages;

/** Messages for an agent that are not done. */
async function openOf(agent: string): Promise<number> {
  const { stream, name } = agentConsumer(agent);
  const answer = await stack.bus.nc.request(`$JS.API.CONSUMER.INFO.${stream}.${name}`);
  const { num_pending, num_ack_pending } = answer.json<{ num_pending: number; num_ack_pending: number }>();
  return num_pending + num_ack_pending;
}

async function good(): Promise<unknown> {
  const { output } = await stack.run('{ name: healthy, steps: [{ id: a, agent: builtin.echo, with: fine }] }');
  return output;
}

/** What a message is about, by its subject. */
const kindOf = ({ subject }: Sample) => {
  const [, part = '', second = '', third = ''] = subject.split('.');
  return part === 'in' ? third : part === 'live' ? second : part;
};

/** A sample with the address that it goes to: mostly its own, also other workflows, partitions and kinds. A start is mostly a new one. */
function addressed({ subject, value }: Sample, draw: Random): Pick<Sample, 'subject' | 'value'> {
  const [, part = '', partition = '', kind = ''] = subject.split('.');
  if (part !== 'in') return { subject, value };
  const other = randomUUID();
  if (kind === 'start' && draw.next() < 0.8) {
    return {
      subject: subjects.start(partitionOf(other, defaultPartitions), other),
      value: { ...(value as JsonObject), workflow: other },
    };
  }
  const elsewhere = `braid.in.${draw.whole(0, 40)}.${draw.pick(['start', 'report', 'command', 'nonsense'])}.${other}`;
  return { subject: draw.pick([subject, subject, `braid.in.${partition}.${kind}.${other}`, elsewhere]), value };
}

describe(`${count} spoiled messages on the bus`, () => {
  // Seen to fail with what cannot be handled coming again instead of being set aside (letter.ts): the queue is never empty.
  it(
    'are dead letters with a reason, stale, or understood; good workflows run beside them, and everything comes to rest',
    showingLogs(async () => {
      const draw = random(seedOf(seed, 'spoiled messages'));
      const byKind = new Map<string, Sample[]>();
      for (const sample of await samples()) byKind.set(kindOf(sample), [...(byKind.get(kindOf(sample)) ?? []), sample]);
      const kinds = [...byKind.values()] as unknown as [Samples, ...Samples[]];
      const expected = ['command', 'heartbeat', 'report', 'runner', 'start', 'work'];
      expect(kinds.map(([one]) => kindOf(one))).toEqual(expect.arrayContaining(expected));
      const before = await Promise.all(stack.services.map((service) => mostMemory(stack, service)));
      let sent = 0;
      let done = false;
      const flood = (async () => {
        for (let batch = 0; sent < count; batch++) {
          const stored = Array.from({ length: 100 }, async () => {
            const sample = draw.pick(draw.pick(kinds));
            const { subject, value } = addressed(sample, draw);
            const { replyTo } = sample;
            const body = spoiled(value, draw);
            sent += 1;
            if (replyTo !== undefined && sent % 20 === 0) stack.bus.nc.publish(replyTo, body);
            if (subject.startsWith('braid.live.')) {
              stack.bus.nc.publish(subject, body);
              return;
            }
            const how = sent % 50 === 0 ? { headers: { 'Braid-Body': 'not there' } } : {};
            await stack.bus.publisher.publish(subject, body, how);
          });
          await Promise.all(stored);
        }
        await stack.bus.publisher.publish(subjects.start(0, randomUUID()), 'x'.repeat(400_000));
      })().finally(() => (done = true));
      let runs = 0;
      do {
        expect(await good()).toBe('fine');
        runs++;
      } while (!done);
      await flood;
      await until('the orchestrators have handled everything', async () => (await waiting(streams.in)) === 0, 120_000);
      // A spoiled start may ask for an agent that nobody has, whose work waits as long as nobody comes.
      for (const agent of ['builtin.echo', 'builtin.fail']) {
        await until(`nothing waits for ${agent}`, async () => (await openOf(agent)) === 0, 120_000);
      }
      expect(await good()).toBe('fine');
      const { deadLetters } = await stack.client().deadLetters({ limit: 100 });
      expect(deadLetters).toHaveLength(100);
      expect(deadLetters.filter(({ reason }) => reason === '')).toEqual([]);
      await until('nothing waits for a moment that has passed', async () => {
        const response = await fetch(`${stack.service('gateway-1').address}/v1/health/orphans`);
        return ((await response.json()) as { readonly orphans: number }).orphans === 0;
      });
      for (const { app, running, log } of stack.services) {
        expect([app, running, log.includes('"level":"fatal"')]).toEqual([app, true, false]);
      }
      for (const [index, service] of stack.services.entries()) {
        expect((await mostMemory(stack, service)) - (before[index] ?? 0)).toBeLessThan(150);
      }
    }),
  );
});
