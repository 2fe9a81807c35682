import { type AgentStep, type Amounts, type RetryPolicy } from '@braid/events';
import { attemptsUnit } from '../budget';
import { type Fields, fieldsOf, textOf } from './fields';
import { longestDuration, parseDuration } from './duration';
import { pathTo, type ProblemList } from './problem';

/** What holds for agent steps that do not say otherwise; durations in milliseconds. */
export const systemDefaults = {
  timeout: 600_000,
  retry: { maximumAttempts: 3, initialInterval: 1_000, backoffCoefficient: 2, nonRetryableErrors: [] },
  /** `maximumInterval` is this many times `initialInterval`, but at most the cap. */
  maximumIntervalFactor: 100,
  maximumIntervalCap: 600_000,
} as const;

type Timeouts = Pick<AgentStep, 'timeout' | 'heartbeatTimeout' | 'startTimeout'>;
type PartialRetry = { readonly [field in keyof RetryPolicy]?: RetryPolicy[field] };

/** The playbook's `defaults` over those of the system. */
export type AgentDefaults = { readonly timeouts: Timeouts; readonly retry: PartialRetry; readonly cost?: Amounts };

export const noDefaults: AgentDefaults = {
  timeouts: { timeout: systemDefaults.timeout },
  retry: systemDefaults.retry,
};

/** `retry`, `timeout`, `heartbeatTimeout`, `startTimeout` and `cost` of `fields` over `defaults`, field by field. */
export function withPolicy(
  fields: Fields,
  path: string,
  defaults: AgentDefaults,
  problems: ProblemList,
): AgentDefaults {
  const given = (name: string) => durationOf(fields[name], pathTo(path, name), problems, 1);
  const timeout = given('timeout');
  const heartbeatTimeout = given('heartbeatTimeout');
  const startTimeout = given('startTimeout');
  return {
    timeouts: {
      ...defaults.timeouts,
      ...(timeout === undefined ? {} : { timeout }),
      ...(heartbeatTimeout === undefined ? {} : { heartbeatTimeout }),
      ...(startTimeout === undefined ? {} : { startTimeout }),
    },
    retry: retryOver(defaults.retry, fields['retry'], pathTo(path, 'retry'), problems),
    ...costOver(defaults.cost, fields['cost'], pathTo(path, 'cost'), problems),
  };
}

function costOver(
  defaults: Amounts | undefined,
  value: unknown,
  path: string,
  problems: ProblemList,
): { readonly cost?: Amounts } {
  const cost = amountsIn(value);
  if (cost && Object.hasOwn(cost, attemptsUnit)) {
    const message = '"attempts" are counted by Braid: every attempt is one';
    problems.add({ path: pathTo(path, attemptsUnit), part: 'key', message, suggestion: 'leave it out' });
  }
  return defaults || cost ? { cost: { ...defaults, ...cost } } : {};
}

/** The amounts by unit in the tree; undefined where there are none that can be used. */
export function amountsIn(value: unknown): Amounts | undefined {
  const amounts = Object.entries(fieldsOf(value)).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return amounts.length === 0 ? undefined : Object.fromEntries(amounts);
}

function retryOver(defaults: PartialRetry, value: unknown, path: string, problems: ProblemList): PartialRetry {
  if (value === false) return { ...defaults, maximumAttempts: 1 };
  const fields = fieldsOf(value);
  const initialInterval = durationOf(fields['initialInterval'], pathTo(path, 'initialInterval'), problems, 0);
  const maximumInterval = durationOf(fields['maximumInterval'], pathTo(path, 'maximumInterval'), problems, 0);
  const { maximumAttempts, backoffCoefficient, nonRetryableErrors } = fields;
  if (initialInterval !== undefined && maximumInterval !== undefined && maximumInterval < initialInterval) {
    const message = '"maximumInterval" must not be shorter than "initialInterval"';
    problems.add({ path: pathTo(path, 'maximumInterval'), message });
  }
  return {
    ...defaults,
    ...(typeof maximumAttempts === 'number' ? { maximumAttempts } : {}),
    ...(initialInterval === undefined ? {} : { initialInterval }),
    ...(typeof backoffCoefficient === 'number' ? { backoffCoefficient } : {}),
    ...(maximumInterval === undefined ? {} : { maximumInterval }),
    ...(Array.isArray(nonRetryableErrors)
      ? { nonRetryableErrors: nonRetryableErrors.filter((each) => typeof each === 'string') }
      : {}),
  };
}

/** The policy in full, with `maximumInterval` made from the others where nobody gave it. */
export function retryPolicy(retry: PartialRetry): RetryPolicy {
  const { maximumIntervalFactor, maximumIntervalCap } = systemDefaults;
  const full = { ...systemDefaults.retry, ...retry };
  const usual = Math.min(full.initialInterval * maximumIntervalFactor, maximumIntervalCap);
  return { ...full, maximumInterval: Math.max(retry.maximumInterval ?? usual, full.initialInterval) };
}

/** Milliseconds of a duration in the tree; undefined where there is none that can be used. */
export function durationOf(value: unknown, path: string, problems: ProblemList, least: 0 | 1): number | undefined {
  const text = textOf(value);
  const duration = text === undefined ? undefined : parseDuration(text);
  if (text === undefined || duration === undefined) return undefined;
  const field = /[\w-]+$/.exec(path)?.[0] ?? path;
  if (duration < least) problems.add({ path, message: `"${field}" must be longer than zero` });
  if (duration > longestDuration) problems.add({ path, message: `"${field}" must be at most 366d, not "${text}"` });
  return duration;
}
