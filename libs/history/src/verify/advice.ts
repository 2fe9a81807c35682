import { type Damage } from '@braid/event-store';
import { unreachable } from '@braid/events';

const backup = 'from a backup of the database';

/** What to do about each kind of damage. */
export const advice = {
  positions: `Restore the missing rows of braid.event ${backup}: somebody else than Braid deleted them.`,
  versions: `Restore the missing rows of braid.event ${backup}: the workflow cannot be read without them.`,
  astray:
    'Configure the number of partitions with which the database was set up (BRAID_PARTITIONS): senders count by it.',
  strays: `Restore the row of braid.workflow ${backup}: without it nobody looks at the workflow when it is due.`,
  history:
    `If somebody changed the database, restore the workflow's rows of braid.event ${backup}; ` +
    'else this is a bug of Braid: report it with the history (braid events ID --json).',
  list: 'Rebuild the list beside the one that is there: braid replay projections.',
  leftovers: 'Delete it: nothing refers to it.',
  orphans: 'See that orchestrators run and own every partition (braid doctor), and read their logs.',
  uncollected: 'See that an orchestrator runs: it removes what is not used any more, a hundred a minute.',
  snapshot: (id: string) =>
    `Delete it, and the next one is made of the events: delete from braid.snapshot where stream = ${text(id)};`,
  partition: (id: string, partition: number) =>
    `Put it right: update braid.workflow set p = ${partition} where id = ${text(id)};`,
  row: (id: string, open: boolean, at: number | undefined) =>
    'Put it right while no orchestrator runs: ' +
    `update braid.workflow set open = ${open}, due_at = ${at ?? 'null'} where id = ${text(id)};`,
  use: (id: string, hash: string) =>
    `Note it before the value is collected: insert into braid.payload_use (stream, hash) values (${text(id)}, ${text(hash)});`,
};

/** A damaged event or snapshot in words. `what` names it. */
export function describeDamage(
  { is, detail }: Damage,
  what: string,
): { readonly message: string; readonly advice: string } {
  switch (is) {
    case 'changed':
      return {
        message: `${what} (${detail}) is not what was appended: its digest differs`,
        advice: `Restore this row of braid.event ${backup}: as it is, the workflow goes on from what never happened.`,
      };
    case 'payload-missing':
      return {
        message: `${what} refers to the large value with SHA-256 ${detail}, which is not there`,
        advice: `Restore this row of braid.payload ${backup}: the workflow cannot be read without it.`,
      };
    case 'payload-changed':
      return {
        message: `${what} refers to the large value with SHA-256 ${detail}, and what is stored under it has another`,
        advice: `Restore this row of braid.payload ${backup}.`,
      };
    case 'unreadable':
      return { message: `${what} cannot be read: ${detail}`, advice: 'Verify with the release that wrote it.' };
    default:
      return unreachable(is);
  }
}

const text = (id: string) => `'${id.replaceAll("'", "''")}'`;
