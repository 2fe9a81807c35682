import { type Inspection } from '@braid/event-store';
import { advice } from './advice';
import { type Tally } from './report';

/** Gaps and streams that are named of one partition. */
const named = 20;

/** Whether every position of a partition has its event, or left with a workflow that ended long ago. */
export async function checkPartition(inspection: Inspection, partition: number, tally: Tally): Promise<void> {
  const count = await inspection.partition(partition);
  if (count === undefined) return;
  const { head, events, removed, highest } = count;
  tally.looked('positions', head);
  if (events + removed !== head || highest > head) {
    const gaps = await inspection.gaps(partition, named);
    const ranges = gaps.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
    if (highest < head) ranges.push(`${highest + 1} to ${head}`);
    const where = `${removed === 0 ? 'missing' : 'missing, or removed with their workflows,'}: ${ranges.join(', ')}`;
    const message = `${head} events were appended, ${removed} removed, and ${events} are there; ${where}`;
    tally.found([{ check: 'positions', partition, message, advice: advice.positions }]);
  }
  for (const id of await inspection.strays(partition, named)) {
    const message = 'it has a history, and no row by which it would be found when it is due';
    tally.found([{ check: 'rows', workflow: id, partition, message, advice: advice.strays }]);
  }
}
