import { type BranchSpec, type Json, type Requirement, type Strategy } from '@braid/events';

/** How a branch ends once what it needs has completed; `skipped` by its own condition. */
export type Fate = { readonly how: 'completed' | 'failed' | 'skipped'; readonly output: Json };

export type Answer = { readonly outcome: 'met'; readonly output: Json } | { readonly outcome: 'unreachable' };

/** Whether so many of so many are as many as are required. */
function isEnough(completed: number, require: Requirement, total: number): boolean {
  return typeof require === 'number' ? completed >= require : completed * 100 >= require.percent * total;
}

/** How every branch ends, given the fates of those that get to run: a branch runs only if enough of what it needs completed. */
function endings(
  specs: readonly BranchSpec[],
  fates: ReadonlyMap<string, Fate>,
): ReadonlyMap<string, 'completed' | 'failed' | 'skipped'> {
  const ended = new Map<string, 'completed' | 'failed' | 'skipped'>();
  while (ended.size < specs.length) {
    for (const { name, needs, require } of specs) {
      if (ended.has(name) || !needs.every((need) => ended.has(need))) continue;
      const completed = needs.filter((need) => ended.get(need) === 'completed').length;
      const begins = isEnough(completed, require ?? needs.length, needs.length);
      ended.set(name, begins ? (fates.get(name)?.how ?? 'failed') : 'skipped');
    }
  }
  return ended;
}

/**
 * What a strategy says when everything is over, written as its definition in the manual reads and with no thought of speed.
 * A vote and a score are the whole output. `order` is that of the arrivals, for the strategy that is about order. A judge,
 * whose fate is under `judge`, says what it was asked and what else it has to say.
 */
export function reference(
  strategy: Strategy,
  specs: readonly BranchSpec[],
  fates: ReadonlyMap<string, Fate>,
  order: readonly string[],
): Answer {
  const ended = endings(specs, fates);
  const completed = specs.filter(({ name }) => ended.get(name) === 'completed');
  const outputs = Object.fromEntries(completed.map(({ name }) => [name, fates.get(name)?.output ?? null]));
  switch (strategy.name) {
    case 'all-must-complete':
      return metIf(
        specs.every(({ name }) => ended.get(name) !== 'failed'),
        outputs,
      );
    case 'all-settled':
      return metIf(isEnough(completed.length, strategy.require ?? 0, specs.length), outputs);
    case 'judge': {
      const { how, output: says = null } = fates.get('judge') ?? {};
      const asked = isEnough(completed.length, strategy.require ?? 1, specs.length);
      return metIf(asked && how === 'completed', { asked: outputs, says });
    }
    case 'first-success': {
      const first = order.find((name) => ended.get(name) === 'completed');
      return metIf(first !== undefined, outputs[first ?? ''] ?? null);
    }
    case 'quorum': {
      const { require } = strategy;
      const needed = typeof require === 'number' ? require : Math.ceil((require.percent * specs.length) / 100);
      const counted = order.filter((name) => ended.get(name) === 'completed').slice(0, needed);
      return metIf(counted.length >= needed, Object.fromEntries(counted.map((name) => [name, outputs[name] ?? null])));
    }
    case 'best-of': {
      const numbers = completed.map(({ name }) => outputs[name]).filter((output) => typeof output === 'number');
      return metIf(numbers.length > 0, Math.max(...numbers));
    }
    case 'reduce': {
      if (specs.some(({ name }) => ended.get(name) === 'failed')) return { outcome: 'unreachable' };
      let output = strategy.initial;
      for (const { name } of completed) output = { before: output, last: outputs[name] ?? null };
      return { outcome: 'met', output };
    }
    case 'majority-vote': {
      const votes = completed.map(({ name }) => ({ name, value: outputs[name] as string | null }));
      const winner = electionWinner(strategy, specs, votes);
      return metIf(winner !== undefined, winner ?? null);
    }
  }
}

function metIf(isMet: boolean, output: Json): Answer {
  return isMet ? { outcome: 'met', output } : { outcome: 'unreachable' };
}

type Majority = Extract<Strategy, { name: 'majority-vote' }>;

/** Who has won when all votes are in; null is no vote. */
function electionWinner(
  { weights = {}, of, tieBreak }: Majority,
  specs: readonly BranchSpec[],
  votes: readonly { readonly name: string; readonly value: string | null }[],
): string | undefined {
  const weightOf = (name: string) => weights[name] ?? 1;
  const sumOf = (names: readonly string[]) => names.map(weightOf).reduce((sum, weight) => sum + weight, 0);
  const cast = votes.filter(({ value }) => value !== null);
  const values = [...new Set(cast.map(({ value }) => value as string))];
  const votesFor = (value: string) => sumOf(cast.filter((vote) => vote.value === value).map(({ name }) => name));
  const base = of === 'all' ? sumOf(specs.map(({ name }) => name)) : sumOf(cast.map(({ name }) => name));
  const majority = values.find((value) => votesFor(value) > base / 2);
  if (majority !== undefined) return majority;
  const most = Math.max(...values.map(votesFor));
  const tied = values.filter((value) => votesFor(value) === most);
  if (tied.length < 2 || tieBreak === 'fail') return undefined;
  if (tieBreak === 'first') return tied[0];
  const casting = cast.find(({ name }) => name === tieBreak.branch)?.value;
  return tied.find((value) => value === casting);
}
