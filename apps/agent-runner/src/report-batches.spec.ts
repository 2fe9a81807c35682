import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@braid/clock';
import { PublishError, type Publisher } from '@braid/messaging';
import { ReportBatches } from './report-batches';

function batches(fails: (subject: string) => boolean = () => false) {
  const published: { readonly subject: string; readonly body: string; readonly messageId: string | undefined }[] = [];
  const publisher: Publisher = {
    pending: 0,
    async publish(subject, body, { messageId } = {}) {
      if (fails(subject)) throw new PublishError('full', subject, 'no room');
      published.push({ subject, body: String(body), messageId });
    },
  };
  const all = new ReportBatches(publisher, systemClock);
  const send = (partition: number, name: string, body = JSON.stringify({ name })) =>
    all.send({ partition, workflow: `w-${name}`, body, messageId: `id-${name}` });
  return { published, send };
}

describe('reports that come in the same moment', () => {
  it('travel in one message per partition, and one alone as it is', async () => {
    const { published, send } = batches();
    await Promise.all([send(1, 'a'), send(1, 'b'), send(2, 'c'), send(1, 'd')]);
    expect(published.map(({ subject }) => subject)).toEqual(['braid.in.1.reports', 'braid.in.2.report.w-c']);
    expect(JSON.parse(published[0]?.body ?? '')).toEqual({ reports: [{ name: 'a' }, { name: 'b' }, { name: 'd' }] });
    expect(published[1]).toMatchObject({ body: '{"name":"c"}', messageId: 'id-c' });
  });

  it('are told apart from those of other moments', async () => {
    const { published, send } = batches();
    await Promise.all([send(1, 'a'), send(1, 'b')]);
    await Promise.all([send(1, 'a'), send(1, 'b')]);
    expect(new Set(published.map(({ messageId }) => messageId)).size).toBe(2);
  });

  it('are divided where a message would be too large or say too much; what is large by itself travels alone', async () => {
    const { published, send } = batches();
    const text = (length: number) => JSON.stringify('x'.repeat(length));
    await Promise.all([send(1, 'large', text(200_000)), ...[1, 2, 3].map((n) => send(1, `${n}`, text(100_000)))]);
    expect(published.map(({ subject, body }) => [subject, Math.round(body.length / 100_000)])).toEqual([
      ['braid.in.1.report.w-large', 2],
      ['braid.in.1.reports', 2],
      ['braid.in.1.report.w-3', 1],
    ]);
    published.length = 0;
    await Promise.all(Array.from({ length: 130 }, (_, n) => send(1, `${n}`)));
    expect(published.map(({ body }) => (JSON.parse(body) as { reports: unknown[] }).reports.length)).toEqual([
      64, 64, 2,
    ]);
  });

  it('fail together, and not with those of another partition', async () => {
    const { send } = batches((subject) => subject.startsWith('braid.in.1.'));
    const ends = await Promise.allSettled([send(1, 'a'), send(1, 'b'), send(2, 'c')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });
});
