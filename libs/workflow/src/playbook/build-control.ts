import {
  type FailStep,
  type Json,
  type JsonObject,
  type PlaybookStep,
  type SignalStep,
  type WaitStep,
} from '@braid/events';
import { parseMoment } from '../moment';
import { durationOf } from './agent-policy';
import { type Base, type Building } from './build-context';
import { parseDuration } from './duration';
import { type Fields, textOf } from './fields';
import { pathTo } from './problem';
import { inWords } from './words';

/** A duration is kept in milliseconds; a moment, or an expression that gives either, as it stands. */
export function buildWait(value: unknown, base: Base, { problems }: Building): WaitStep {
  const text = textOf(value) ?? '0s';
  const path = pathTo(base.path, 'wait');
  if (text.includes('${{') || parseMoment(text) !== undefined) return { ...base, kind: 'wait', time: text };
  if (parseDuration(text) === undefined) {
    const message = `"wait" must be a duration such as 5m, a moment such as 2030-01-31T12:00:00Z, or an expression, not ${inWords(text)}`;
    problems.add({ path, message });
  }
  return { ...base, kind: 'wait', time: durationOf(text, path, problems, 0) ?? 0 };
}

export function buildSignal(fields: Fields, base: Base, { problems }: Building): SignalStep {
  const { name, schema } = fields;
  const timeout = durationOf(fields['timeout'], pathTo(base.path, 'signal', 'timeout'), problems, 1);
  return {
    ...base,
    kind: 'signal',
    name: textOf(name) ?? '',
    ...(typeof schema === 'object' ? { schema: schema as JsonObject } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

export function buildPlaybook(fields: Fields, base: Base, { problems }: Building): PlaybookStep {
  const given = fields['with'] ?? {};
  const path = pathTo(base.path, 'with');
  const timeout = durationOf(fields['timeout'], pathTo(base.path, 'timeout'), problems, 1);
  if (Array.isArray(given) || !(typeof given === 'object' || (typeof given === 'string' && given.includes('${{')))) {
    problems.add({ path, message: `"with" of a playbook must be an object of variables, not ${inWords(given)}` });
  }
  return {
    ...base,
    kind: 'playbook',
    playbook: textOf(fields['playbook']) ?? '',
    with: given as Json,
    ...(timeout === undefined ? {} : { timeout }),
  };
}

export function buildFail(fields: Fields, base: Base): FailStep {
  const { details } = fields;
  const type = textOf(fields['type']);
  return {
    ...base,
    kind: 'fail',
    error: {
      ...(type === undefined ? {} : { type }),
      message: textOf(fields['message']) ?? '',
      ...(details === undefined || typeof details === 'symbol' ? {} : { details: details as Json }),
    },
  };
}
