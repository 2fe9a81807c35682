import { type EventView } from '@braid/contracts';
import { type Json, type JsonObject } from '@braid/events';
import { type Colours } from '../terminal';

/** One event on one line: version, moment, type, branch and step, and what is short enough to read. */
export function eventLine({ version, at, type, data }: EventView, { colours, width }: Layout): string {
  const { branch = '', step = '', ...rest } = fieldsOf(data);
  const place = [branch, step].filter((part): part is string => typeof part === 'string' && part !== '').join(' ');
  const line = `${String(version).padStart(5)}  ${at.slice(11, 23)}  ${type.padEnd(20)}  ${place}`;
  const details = JSON.stringify(rest);
  const room = width - line.length - 2;
  if (details === '{}' || room < 10) return line;
  const shown = details.length <= room ? details : `${details.slice(0, room - 1)}…`;
  return `${line}  ${colours.dim(shown)}`;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const fieldsOf = (data: Json): JsonObject => (typeof data === 'object' && data !== null && !isList(data) ? data : {});

type Layout = { readonly colours: Colours; readonly width: number };
