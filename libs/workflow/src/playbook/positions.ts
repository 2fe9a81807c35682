import { type Event, EVENT_ID, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import { type Locate, type Position, segmentsOf } from './problem';

/** Where a part of a text begins, and the name or list mark that it stands under; both as offsets. */
type Place = {
  readonly key: number;
  readonly value: number;
  readonly fields?: Map<string, Place>;
  readonly items?: Place[];
};

/** Finds parts of a text by their paths. Only a playbook with problems needs it, so it is made at the first question. */
export function locator(text: string, events: readonly Event[]): Locate {
  const position = positions(text);
  let root: Place | undefined;
  return (path, part) => {
    if (path === '') return position(startOf(events[1]) ?? 0);
    let at = (root ??= placeOf(text, events));
    for (const segment of segmentsOf(path)) {
      const next: Place | undefined = typeof segment === 'number' ? at.items?.[segment] : at.fields?.get(segment);
      // What is missing has no place of its own; it belongs into what should hold it.
      if (next === undefined) return position(at.value);
      at = next;
    }
    return position(at[part]);
  };
}

/** Line and column of an offset. */
export function positions(text: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    let line = 0;
    for (let past = starts.length; past - line > 1;) {
      const middle = (line + past) >> 1;
      if ((starts[middle] ?? 0) <= offset) line = middle;
      else past = middle;
    }
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The offset at which the text of a node begins; undefined where it has none. */
export function startOf(event: Event | undefined): number | undefined {
  switch (event?.type) {
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    case EVENT_ID.SCALAR: {
      if (event.valueStart < 0) return undefined;
      const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
      return event.valueStart - (quoted ? 1 : 0);
    }
    default:
      return undefined;
  }
}

function placeOf(text: string, events: readonly Event[]): Place {
  // The first event opens the document.
  let next = 1;
  const visit = (key: number | undefined, holder: number): Place => {
    const event = events[next++];
    const value = startOf(event) ?? key ?? holder;
    const place = { key: key ?? value, value };
    if (event?.type === EVENT_ID.SEQUENCE) {
      const items: Place[] = [];
      while (isInside(events[next])) items.push(visit(undefined, value));
      next++;
      return { ...place, items };
    }
    if (event?.type === EVENT_ID.MAPPING) {
      const fields = new Map<string, Place>();
      while (isInside(events[next])) {
        const name = events[next];
        if (name?.type === EVENT_ID.SCALAR) {
          next++;
          // The last of equal keys wins, which is the one that is one too many.
          fields.set(getScalarValue(text, name), visit(startOf(name) ?? value, value));
        } else {
          visit(undefined, value);
          visit(undefined, value);
        }
      }
      next++;
      return { ...place, fields };
    }
    return place;
  };
  return visit(0, 0);
}

/** Whether a collection goes on with this event. */
export function isInside(event: Event | undefined): boolean {
  return event !== undefined && event.type !== EVENT_ID.POP;
}
