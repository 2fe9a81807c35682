import { expect, test } from '@jest/globals';
import { type Agent } from '@braid/agents';
import { systemClock } from '@braid/clock';
import { type Delivery, PublishError, type Publisher } from '@braid/messaging';
import { createLogger } from '@braid/service';
import { AgentLane, type LaneServices } from './agent-lane';
import { Cancellations } from './cancellations';
import { Heartbeats } from './heartbeats';
import { Reporter } from './reporter';
import { eventually, workMessage } from './runner.fixture';

type Sent = {
  readonly subject: string;
  readonly body: string;
  readonly messageId: string | undefined;
  settle(error?: Error): void;
};

/** A lane whose queue and stream are in the hands of the test. */
function openLane(run: Agent['run']) {
  const sent: Sent[] = [];
  const publisher: Publisher = {
    pending: 0,
    publish: (subject, body, options) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error) => (error === undefined ? resolve() : reject(error));
        sent.push({ subject, body: String(body), messageId: options?.messageId, settle });
      }),
  };
  const logger = createLogger({ level: 'fatal', service: 'test', instance: 'test' });
  const services: LaneServices = {
    logger,
    scratch: { root: '', folder: () => ({ path: '', remove: async () => undefined }), close: async () => undefined },
    secrets: () => undefined,
    cancellations: new Cancellations(),
    heartbeats: new Heartbeats('r1', 1_000, () => undefined, systemClock),
    reporter: new Reporter(publisher, 'r1', logger, systemClock),
    metrics: { ended: () => undefined, deadLetter: () => undefined },
    maxOutputBytes: 1_000,
    onChange: () => undefined,
    clock: systemClock,
  };
  const lane = new AgentLane({ name: 'builtin.echo', run }, 4, services);
  let released = 0;
  let hand: (delivery: Delivery) => void = () => undefined;
  lane.begin((handler) => {
    hand = handler;
    return { release: (count = 1) => void (released += count), stop: async () => undefined };
  });
  const deliver = (body: string, deliveryCount = 1) => {
    const said: string[] = [];
    hand({
      subject: 'braid.work.builtin_2e_echo',
      body: Buffer.from(body),
      header: () => undefined,
      deliveryCount,
      ack: () => void said.push('ack'),
      nak: (delayMs) => void said.push(`nak ${delayMs}`),
      working: () => void said.push('working'),
      deadLetter: async (reason) => void said.push(`dead ${reason}`),
    });
    return said;
  };
  return { lane, sent, deliver, released: () => released };
}

test('the work leaves the queue only when its report is stored', async () => {
  const { sent, deliver, released } = openLane(async () => 'done');
  const said = deliver(JSON.stringify(workMessage({ workflow: 'w1' })));
  await eventually(() => sent.length === 1);
  expect([said, released(), sent[0]?.subject]).toEqual([[], 0, 'braid.in.0.report.w1']);
  sent[0]?.settle();
  await eventually(() => said.length > 0);
  expect([said, released()]).toEqual([['ack'], 1]);
});

test('a report that is refused for now is sent again under the same id', async () => {
  const { sent, deliver } = openLane(async () => 'done');
  const said = deliver(JSON.stringify(workMessage()));
  await eventually(() => sent.length === 1);
  sent[0]?.settle(new PublishError('full', 'x', 'the stream is full'));
  await eventually(() => sent.length === 2);
  expect([said, sent[1]?.messageId]).toEqual([[], sent[0]?.messageId]);
});

test('work that was not reported because the bus was closed stays in the queue', async () => {
  const { sent, deliver, released } = openLane(async () => 'done');
  const said = deliver(JSON.stringify(workMessage()));
  await eventually(() => sent.length === 1);
  sent[0]?.settle(new PublishError('closed', 'x', 'closed'));
  await eventually(() => released() === 1);
  expect(said).toEqual([]);
});

test('work that is delivered again while it runs is run once, and both deliveries end with it', async () => {
  let runs = 0;
  let finish: ((value: string) => void) | undefined;
  const { lane, sent, deliver, released } = openLane(() => new Promise((resolve) => [runs++, (finish = resolve)]));
  const body = JSON.stringify(workMessage());
  const said = [deliver(body), deliver(body, 2)];
  lane.working();
  finish?.('done');
  await eventually(() => sent.length === 1);
  sent[0]?.settle();
  await eventually(() => released() === 2);
  expect([runs, said, sent.length]).toEqual([
    1,
    [
      ['working', 'ack'],
      ['working', 'ack'],
    ],
    1,
  ]);
});

test('an agent is not told the task token', async () => {
  const { sent, deliver } = openLane(async (work) => Object.keys(work));
  deliver(JSON.stringify(workMessage({ token: 'hush' })));
  await eventually(() => sent.length === 1);
  const report = JSON.parse(sent[0]?.body ?? '') as { output: string[]; token: string };
  expect([report.token, report.output.includes('token'), report.output.includes('input')]).toEqual([
    'hush',
    false,
    true,
  ]);
});

test('once a lane stops taking, what still arrives goes back at once', async () => {
  const { lane, sent, deliver } = openLane(async () => 'done');
  await lane.stopTaking();
  expect([deliver(JSON.stringify(workMessage())), sent]).toEqual([['nak 1'], []]);
});
