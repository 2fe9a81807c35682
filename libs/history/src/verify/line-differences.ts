import { type SummaryRow } from '@braid/event-store';
import { difference } from '../difference';

/** How a line of the list differs from the line that a history of the same version makes, in words. */
export function lineDifferences(expected: SummaryRow, found: SummaryRow): readonly string[] {
  const fields = Object.keys(expected) as (keyof SummaryRow)[];
  return fields
    .filter((field) => difference({ of: expected[field] }, { of: found[field] }) !== undefined)
    .map(
      (field) =>
        `${field} is ${JSON.stringify(found[field])} in the list and ${JSON.stringify(expected[field])} by its history`,
    );
}
