import { type Json } from '@braid/events';
import {
  type AliasEvent,
  CORE_SCHEMA,
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { type PlaybookLimits } from './limits';
import { isInside, locator, positions, startOf } from './positions';
import { type Locate, pathTo, type ProblemList, shortened } from './problem';
import { isRefusedName, isStorable, tooDeep, tooLong, tooMany, unstorable } from './safe-values';

/** A text that is YAML or JSON. */
export type Source = {
  /** The value that it stands for. What cannot be a part of one is a problem, and is left out. */
  readonly read: () => Json;
  readonly locate: Locate;
};

/**
 * Opens a text of YAML 1.2 or JSON. Aliases, tags, merge keys, further documents and values that JSON does not know are
 * problems. Where the text is no YAML at all, it has no value.
 */
export function openSource(
  text: string,
  limits: PlaybookLimits,
  problems: ProblemList,
): Source | { readonly read: () => undefined; readonly locate: Locate } {
  const position = positions(text);
  const refuse = (message: string, offset: number) => {
    problems.add({ path: '', message });
    return { read: () => undefined, locate: () => position(offset) };
  };
  if (exceeds(text, limits, problems)) return { read: () => undefined, locate: () => position(0) };
  let events: readonly Event[];
  try {
    events = parseEvents(text, { maxDepth: limits.depth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const deep = reason.startsWith('nesting exceeded maxDepth');
    return refuse(deep ? tooDeep(limits) : `this is not valid YAML: ${shortened(reason)}`, mark?.position ?? 0);
  }
  const parts = events.filter(({ type }) => type !== EVENT_ID.POP).length - 1;
  if (parts > limits.parts) return refuse(tooMany(limits), 0);
  const second = events.findIndex(({ type }, index) => index > 0 && type === EVENT_ID.DOCUMENT);
  if (second !== -1) {
    const at = text.lastIndexOf('\n---', startOf(events[second + 1]) ?? text.length) + 1;
    return refuse('a playbook is one document, but here begins another', at);
  }
  if (startOf(events[1]) === undefined) return refuse('the playbook is empty', 0);
  if (events[1]?.type === EVENT_ID.SEQUENCE)
    return refuse('a playbook must be an object, not a list', startOf(events[1]) ?? 0);
  return { read: () => new Reader(text, events, limits, problems).read(), locate: locator(text, events) };
}

/** Whether the text is over the limit of bytes, which is a problem then. */
export function exceeds(text: string, limits: PlaybookLimits, problems: ProblemList): boolean {
  const bytes = utf8Length(text);
  if (bytes <= limits.bytes) return false;
  problems.add({ path: '', message: `the playbook has ${bytes} bytes; the limit (bytes) is ${limits.bytes}` });
  return true;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Of a pair, either half is two of its four bytes.
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** Makes the value of a document out of the events of its text. The events are no deeper than the limit, so it may recurse. */
class Reader {
  /** The first event opens the document. */
  private next = 1;
  /** Keys and indexes that lead to where the reader is: paths are only made for what is a problem. */
  private readonly way: (string | number)[] = [];

  constructor(
    private readonly text: string,
    private readonly events: readonly Event[],
    private readonly limits: PlaybookLimits,
    private readonly problems: ProblemList,
  ) {}

  read(): Json {
    const event = this.events[this.next++];
    if (event === undefined) return null;
    if ('tagStart' in event && event.tagStart >= 0) {
      const tag = shortened(this.text.slice(event.tagStart, event.tagEnd));
      this.refuse(`tags (${tag}) are not supported; write the value without one`);
    }
    switch (event.type) {
      case EVENT_ID.MAPPING:
        return this.map();
      case EVENT_ID.SEQUENCE:
        return this.list();
      case EVENT_ID.ALIAS:
        return this.alias(event);
      case EVENT_ID.SCALAR:
        return this.scalar(event);
      default:
        return null;
    }
  }

  private map(): Json {
    const fields = new Map<string, Json>();
    while (isInside(this.events[this.next])) {
      const name = this.name();
      if (name !== undefined) this.way.push(name);
      const wrong = name === undefined || this.isWrong(name, fields);
      const value = this.read();
      if (!wrong) fields.set(name, value);
      if (name !== undefined) this.way.pop();
    }
    this.next++;
    return Object.fromEntries(fields);
  }

  private name(): string | undefined {
    const event = this.events[this.next];
    const name =
      event?.type === EVENT_ID.SCALAR && event.tagStart < 0 && startOf(event) !== undefined
        ? getScalarValue(this.text, event)
        : undefined;
    if (name === undefined) {
      const start = startOf(event);
      const position = start === undefined ? undefined : positions(this.text)(start);
      this.problems.add({ path: pathTo('', ...this.way), message: 'a name before a colon must be a text', position });
      this.read();
      return undefined;
    }
    this.next++;
    if (name.length <= this.limits.name) return name;
    this.refuse(tooLong(name, this.limits));
    return undefined;
  }

  private isWrong(name: string, fields: ReadonlyMap<string, Json>): boolean {
    if (name === '<<') this.refuse('merge keys (<<) are not supported; write the fields out', 'key');
    else if (fields.has(name)) this.refuse(`"${shortened(name)}" is given twice`, 'key');
    else if (isRefusedName(name)) this.refuse(`${JSON.stringify(name)} is not allowed as a name`, 'key');
    else return false;
    return true;
  }

  private list(): Json {
    const items: Json[] = [];
    while (isInside(this.events[this.next])) {
      this.way.push(items.length);
      items.push(this.read());
      this.way.pop();
    }
    this.next++;
    return items;
  }

  private alias(event: AliasEvent): Json {
    const name = shortened(this.text.slice(event.anchorStart, event.anchorEnd));
    this.refuse(`aliases (*${name}) are not supported; write the value out`);
    return null;
  }

  private scalar(event: ScalarEvent): Json {
    const text = getScalarValue(this.text, event);
    if (!isStorable(text)) {
      this.refuse(unstorable);
      return '';
    }
    if (event.style !== SCALAR_STYLE.PLAIN || event.tagStart >= 0) return text;
    const value: unknown = CORE_SCHEMA.resolveImplicitScalarTag(text).value;
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'string' && !isEndless(value)) return value;
    // JSON has no -0: a graph that held one would change when it is stored.
    if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
    this.refuse('this is not a value that JSON can carry');
    return null;
  }

  private refuse(message: string, part: 'key' | 'value' = 'value'): void {
    this.problems.add({ path: pathTo('', ...this.way), message, part });
  }
}

/** A number beyond what a number can be, which YAML would take for a text. */
function isEndless(text: string): boolean {
  return /^[-+.\d]/.test(text) && Math.abs(Number(text)) === Number.POSITIVE_INFINITY;
}
