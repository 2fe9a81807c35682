import {
  type AgentStep,
  type Convergence,
  type Json,
  type JsonObject,
  judgeName,
  type Requirement,
  type Strategy,
  unreachable,
} from '@braid/events';
import { durationOf, retryPolicy, withPolicy } from './agent-policy';
import { type Building } from './build-context';
import { conditionIn } from './condition';
import { type Fields, fieldsOf, has, textOf } from './fields';
import { strategies } from './converge-schema';
import { pathTo } from './problem';
import { alternatives } from './words';

type Reporting = Pick<Building, 'problems' | 'defaults'>;

/** Decides a fork unless the playbook says otherwise. */
const defaultStrategy = 'all-must-complete';

/** The `converge` of a fork with its defaults. A strategy that could not be read counts as the default one. */
export function buildConvergence(value: unknown, path: string, building: Reporting): Convergence {
  const fields = fieldsOf(value);
  const name = strategyName(fields);
  if (name !== undefined) {
    checkFields(fields, name, path, building);
    checkNeeded(fields, name, path, building);
  }
  const { deadline, losers, onUnmet } = fields;
  const settled = durationOf(deadline, pathTo(path, 'deadline'), building.problems, 1);
  return {
    strategy: strategyOf(name ?? defaultStrategy, fields, path, building),
    losers:
      losers === 'cancel' || losers === 'drain' || losers === 'detach'
        ? losers
        : strategies[name ?? defaultStrategy].losers,
    ...(settled === undefined ? {} : { deadline: settled }),
    onUnmet: onUnmet === 'continue' ? 'continue' : 'fail',
    onConflict: onConflictOf(fieldsOf(fields['context'])['onConflict']),
  };
}

function strategyName(fields: Fields): Strategy['name'] | undefined {
  if (!has(fields, 'strategy')) return defaultStrategy;
  const given = textOf(fields['strategy']);
  return (Object.keys(strategies) as readonly Strategy['name'][]).find((name) => name === given);
}

function checkFields(fields: Fields, name: Strategy['name'], path: string, { problems }: Reporting): void {
  for (const field of Object.values(strategies).flatMap((strategy) => strategy.fields)) {
    if (!has(fields, field) || strategies[name].fields.includes(field)) continue;
    const owners = Object.entries(strategies).filter(([, strategy]) => strategy.fields.includes(field));
    problems.add({
      path: pathTo(path, field),
      part: 'key',
      message: `"${field}" does not belong to the strategy ${name}`,
      suggestion: `it belongs to ${alternatives(owners.map(([owner]) => owner))}`,
    });
  }
}

function checkNeeded(fields: Fields, name: Strategy['name'], path: string, { problems }: Reporting): void {
  for (const field of strategies[name].needs ?? []) {
    if (has(fields, field)) continue;
    const message = `"${field}" is missing: the strategy ${name} needs it`;
    problems.add({ path: pathTo(path, field), message, suggestion: `for example ${examples[field] ?? ''}` });
  }
}

const examples: { readonly [field: string]: string } = {
  require: 'require: 2, or require: 80%',
  by: 'by: ${{ output.verdict }}',
  score: 'score: ${{ output.score }}',
  initial: 'initial: 0',
  with: 'with: ${{ accumulator + output.count }}',
  agent: 'agent: reviewer',
};

function strategyOf(name: Strategy['name'], fields: Fields, path: string, building: Reporting): Strategy {
  switch (name) {
    case 'all-must-complete':
      return { name };
    case 'all-settled': {
      const require = requirementOf(fields['require']);
      return require === undefined ? { name } : { name, require };
    }
    case 'first-success': {
      const { schema } = fields;
      return typeof schema === 'object' ? { name, schema: schema as JsonObject } : { name };
    }
    case 'quorum':
      return { name, require: requirementOf(fields['require']) ?? 1 };
    case 'majority-vote': {
      const weights = Object.entries(fieldsOf(fields['weights'])).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      );
      return {
        name,
        by: expressionIn(fields['by']),
        ...(weights.length > 0 && { weights: Object.fromEntries(weights) }),
        of: fields['of'] === 'cast' ? 'cast' : 'all',
        tieBreak: tieBreakOf(fields['tieBreak']),
      };
    }
    case 'best-of':
      return { name, score: expressionIn(fields['score']) };
    case 'reduce':
      return { name, initial: templateIn(fields['initial']), with: templateIn(fields['with']) };
    case 'judge': {
      const require = requirementOf(fields['require']);
      return { name, ...(require === undefined ? {} : { require }), judge: judgeStep(fields, path, building) };
    }
    default:
      return unreachable(name);
  }
}

/** The step in which the judge is asked: what the playbook says of it stands in `converge`. */
function judgeStep(fields: Fields, path: string, { problems, defaults }: Reporting): AgentStep {
  const policy = withPolicy(fields, path, defaults, problems);
  return {
    kind: 'agent',
    id: judgeName,
    path,
    onFailure: 'fail',
    agent: textOf(fields['agent']) ?? '',
    with: has(fields, 'with') ? templateIn(fields['with']) : '${{ outputs }}',
    retry: retryPolicy(policy.retry),
    ...policy.timeouts,
    ...(policy.cost === undefined ? {} : { cost: policy.cost }),
  };
}

/** What could not be read has been reported, and stands as an expression that has nothing wrong with it. */
function expressionIn(value: unknown): string {
  return conditionIn(value) ?? 'output';
}

function templateIn(value: unknown): Json {
  return typeof value === 'symbol' || value === undefined ? null : (value as Json);
}

function tieBreakOf(value: unknown): Extract<Strategy, { name: 'majority-vote' }>['tieBreak'] {
  const given = textOf(value) ?? 'fail';
  return given === 'first' || given === 'fail' ? given : { branch: given };
}

export function requirementOf(value: unknown): Requirement | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? { percent: Number.parseInt(value, 10) } : undefined;
}

function onConflictOf(value: unknown): Convergence['onConflict'] {
  if (value === 'first' || value === 'last') return value;
  const prefer = textOf(fieldsOf(value)['prefer']);
  return prefer === undefined ? 'error' : { prefer };
}
