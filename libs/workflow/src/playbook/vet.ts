import { type PlaybookLimits } from './limits';
import { pathTo, type ProblemList } from './problem';
import { isRefusedName, isStorable, tooDeep, tooLong, tooMany, unstorable } from './safe-values';

/**
 * A copy of a value that nobody has read as a text, and that holds only what JSON can carry and what is safe to keep. What is not is a problem, and is left
 * out of the copy.
 */
export function vet(value: unknown, limits: PlaybookLimits, problems: ProblemList): unknown {
  const vetting = { limits, problems, way: [], parts: 0 };
  const copy = copyOf(value, limits.depth, vetting);
  return vetting.parts > limits.parts ? undefined : copy;
}

type Vetting = {
  readonly limits: PlaybookLimits;
  readonly problems: ProblemList;
  /** Keys and indexes that lead to the value: paths are only made for what is a problem. */
  readonly way: (string | number)[];
  /** Names, values, lists and objects seen so far. */
  parts: number;
};

function copyOf(value: unknown, depth: number, vetting: Vetting): unknown {
  const { limits, problems } = vetting;
  if (++vetting.parts > limits.parts) {
    problems.add({ path: '', message: tooMany(limits) });
    return null;
  }
  if (typeof value === 'string') {
    if (isStorable(value)) return value;
    refuse(vetting, unstorable);
    return '';
  }
  if (value === null || typeof value === 'boolean') return value;
  // JSON has no -0: a graph that held one would change when it is stored.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value !== 'object') {
    refuse(vetting, 'this is not a value that JSON can carry');
    return null;
  }
  if (depth === 0) {
    refuse(vetting, tooDeep(vetting.limits));
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => copyBelow(index, item, depth, vetting));
  const copy: { [key: string]: unknown } = {};
  for (const [key, item] of Object.entries(value)) {
    vetting.parts++;
    if (key.length > vetting.limits.name) refuse(vetting, tooLong(key, vetting.limits));
    else if (isRefusedName(key)) {
      refuse(vetting, `${JSON.stringify(key)} is not allowed as a name`, key);
    } else if (item !== undefined) copy[key] = copyBelow(key, item, depth, vetting);
  }
  return copy;
}

function copyBelow(segment: string | number, value: unknown, depth: number, vetting: Vetting): unknown {
  vetting.way.push(segment);
  const copy = copyOf(value, depth - 1, vetting);
  vetting.way.pop();
  return copy;
}

/** `key` is given where it is the name of a field that is refused. */
function refuse({ problems, way }: Vetting, message: string, key?: string): void {
  if (key === undefined) problems.add({ path: pathTo('', ...way), message });
  else problems.add({ path: pathTo('', ...way, key), message, part: 'key' });
}
