import {
  agent,
  branch,
  child,
  choose,
  converge,
  fail,
  graphOf,
  map,
  parallel,
  Scenario,
  set,
  signal,
  wait,
  when,
} from '@braid/testing';
import { strategyStories } from './golden-strategies';

const retry = {
  maximumAttempts: 2,
  initialInterval: 100,
  backoffCoefficient: 2,
  maximumInterval: 1000,
  nonRetryableErrors: ['Fatal'],
};

/**
 * What the golden histories tell, by the name of their file. A story is played once, by the release that adds it; from then
 * on its file is the truth and the story only says how it came about. Together the files hold every event in every shape.
 */
export const stories: { readonly [name: string]: () => Scenario } = {
  ...strategyStories,
  'sequence-with-skips-and-exports': () => {
    const s = Scenario.start(
      graphOf(
        [
          set('before', { base: 1 }),
          agent('never', { if: 'variables.go' }),
          agent('ask', { with: { base: '${{ context.base }}' }, export: { got: '${{ output.v }}' } }),
          agent('last', { with: '${{ steps.ask.output }}' }),
        ],
        { output: '${{ context }}' },
      ),
      { variables: { go: false }, context: { from: 'caller' } },
    );
    s.complete('root', { v: 7 });
    s.complete('root', 'done');
    return s;
  },

  'retries-and-a-failure-that-is-survived': () => {
    const s = Scenario.start(graphOf([agent('a', { retry, onFailure: 'continue' }), agent('b', { retry })]));
    s.fail('root', { retryAfter: 300 });
    s.tick(300);
    s.fail('root');
    s.fail('root', { type: 'Fatal', details: { why: 'it must not be tried again' } });
    return s;
  },

  'needs-that-are-not-met': () => {
    const s = Scenario.start(
      graphOf([
        parallel('f', [
          branch('bad'),
          branch('after', [agent('x')], { needs: ['bad'] }),
          branch('good', [agent('y'), agent('z', { with: '${{ steps.y.output }}' })]),
          branch('never', [agent('n')], { if: 'variables.go' }),
        ]),
      ]),
      { variables: { go: false } },
    );
    s.fail('f/bad', { retryable: false });
    s.complete('f/good', 1);
    s.complete('f/good', 2);
    return s;
  },

  'needs-of-which-some-suffice': () => {
    const seen = { with: '${{ needs }}' };
    const settled = converge({ strategy: { name: 'all-settled' } });
    const s = Scenario.start(
      graphOf([
        parallel(
          'f',
          [
            ...['a', 'b', 'c'].map((name) => branch(name)),
            branch('two', [agent('x', seen), agent('y', seen)], { needs: ['a', 'b', 'c'], require: 2 }),
            branch('most', [agent('z', seen)], { needs: ['a', 'b', 'c'], require: { percent: 90 } }),
          ],
          { converge: settled },
        ),
      ]),
    );
    s.complete('f/c', 3);
    s.complete('f/a', 1);
    s.fail('f/b', { retryable: false });
    s.complete('f/two', 'first');
    s.complete('f/two', 'second');
    return s;
  },

  'map-with-exports-and-a-deadline': () => {
    const steps = [agent('a', { with: '${{ item }}', export: { best: '${{ output }}' } })];
    const settled = converge({ strategy: { name: 'all-settled', require: 2 }, deadline: 1000, onConflict: 'first' });
    const s = Scenario.start(
      graphOf([map('m', [10, 20, 30], steps, { maxConcurrency: 2, converge: settled }), agent('next')]),
    );
    s.complete('m/1', 'second');
    s.complete('m/0', 'first');
    s.tick(1000);
    s.complete('root', { done: true });
    return s;
  },

  'race-that-cancels-its-losers': () => {
    const race = converge({ strategy: { name: 'first-success' }, losers: 'cancel' });
    const s = Scenario.start(
      graphOf([
        parallel('race', [branch('a'), branch('b', [parallel('g', [branch('x'), branch('y')])]), branch('c')], {
          maxConcurrency: 2,
          converge: race,
          export: { winner: '${{ output.name }}' },
        }),
        agent('next', { with: '${{ context.winner }}' }),
      ]),
    );
    s.complete('race/b/g/x', 1);
    s.complete('race/a', { name: 'a' });
    return s;
  },

  'fallback-to-sequential': () => {
    const s = Scenario.start(
      graphOf([parallel('f', [branch('a'), branch('b'), branch('c')])], { fallbackToSequential: true }),
    );
    s.fail('f/a', { code: 'rate-limited' });
    s.fail('f/b', { code: 'overloaded' });
    s.complete('f/c', 3);
    s.complete('f/a', 1);
    return s;
  },

  'cancelled-in-the-middle': () => {
    const s = Scenario.start(graphOf([map('m', ['x', 'y'], [agent('a')])]), { mode: 'sequential' });
    s.complete('m/0', 'one');
    s.send({ type: 'cancel', reason: 'enough', by: 'somebody' });
    return s;
  },

  'conflict-that-is-survived': () => {
    const write = (name: string, value: number) => branch(name, [set('s', { key: value })]);
    return Scenario.start(
      graphOf([
        parallel('f', [write('a', 1), write('b', 2)], { converge: converge({ onUnmet: 'continue' }) }),
        set('after', { code: '${{ steps.f.error.code }}' }),
      ]),
    );
  },

  'choices-waits-and-answers-to-failures': () => {
    const fork = parallel('f', [branch('x'), branch('y', [wait('rest', 500), fail('give-up', { message: 'no' })])], {
      converge: converge({ onUnmet: [set('unmet', { code: '${{ steps.f.error.code }}' })] }),
    });
    const ask = agent('ask', { onFailure: [agent('instead', { with: '${{ steps.ask.error.message }}' })] });
    const s = Scenario.start(
      graphOf([
        choose('pick', [when('variables.no', [agent('never')]), when(undefined, [ask, fork])], {
          export: { picked: '${{ output.code }}' },
        }),
        choose('none', [when('variables.no', [agent('neither')])]),
        choose('caught', [when(undefined, [fail('inside', { message: 'again' })])], { onFailure: 'continue' }),
        agent('last', { with: '${{ steps }}' }),
      ]),
      { variables: { no: false } },
    );
    s.fail('root', { retryable: false });
    s.complete('root', 'plan B');
    s.complete('f/x', 1);
    s.tick(500);
    s.complete('root', 'done');
    return s;
  },

  'signals-early-late-and-missed': () => {
    const count = { schema: { type: 'number' } };
    const s = Scenario.start(
      graphOf([
        agent('first'),
        signal('early', 'approve', { export: { by: '${{ output.by }}' } }),
        parallel('f', [branch('x', [signal('a', 'count', count)]), branch('y', [signal('b', 'count', count)])]),
        signal('missed', 'approve', { timeout: 1000, onFailure: 'continue' }),
        agent('last', { with: '${{ steps }}' }),
      ]),
    );
    s.signal('approve', { by: 'somebody' }, 'id-1');
    s.complete('root', 1);
    s.signal('count', 1, 'id-2');
    s.signal('count', 2, 'id-3');
    s.signal('count', 3, 'id-4');
    s.tick(1000);
    s.complete('root', 'done');
    return s;
  },

  'budget-that-is-used-up-and-raised': () => {
    const cost = { tokens: 40, usd: 0.1 };
    const answer = [set('cheap', { instead: '${{ steps.b.error.code }}' })];
    const fork = parallel('f', [
      branch('a', [agent('a', { retry, cost })]),
      branch('b', [agent('b', { cost, onFailure: answer })]),
      branch('c', [agent('c', { retry: { ...retry, maximumAttempts: 1 } })]),
    ]);
    const s = Scenario.start(
      graphOf([fork, agent('last', { cost })], {
        budget: { tokens: 90, attempts: 20 },
        fallbackToSequential: true,
      }),
      { budget: { tokens: 79, usd: 1 } },
    );
    s.fail('f/a', {}, { tokens: 30, usd: 0.05, model: 'large' });
    s.tick(1000);
    s.fail('f/c', { code: 'overloaded' }, { tokens: 2 });
    s.complete('f/a', 1, { tokens: 40 });
    s.complete('f/c', 3, { tokens: 1 });
    s.send({ type: 'retry', budget: { tokens: 200 }, by: 'somebody' });
    s.complete('root', 'done', { tokens: 40 });
    return s;
  },

  'children-of-every-fate': () => {
    const cost = { attempts: 2, agentMs: 30, usage: { tokens: 7 } };
    const failure = { type: 'TestError', message: 'no', code: 'agent-error', retryable: false } as const;
    const files = map('m', ['a', 'b'], [child('each', 'lint', { with: { file: '${{ item }}' } })], {
      converge: converge({ strategy: { name: 'first-success' }, losers: 'cancel' }),
    });
    const s = Scenario.start(
      graphOf([
        child('build', 'build@2', { with: { of: '${{ variables.of }}' }, export: { app: '${{ output.app }}' } }),
        child('broken', 'test', { onFailure: 'continue' }),
        child('nobody', 'unpublished', { onFailure: 'continue' }),
        child('slow', 'test', { timeout: 1000, onFailure: 'continue' }),
        files,
        child('last', 'deploy'),
      ]),
      {
        variables: { of: 'main' },
        parent: { workflow: 'w0', branch: 'f/x', step: 'release', attempt: 1, depth: 2 },
      },
    );
    s.endChild('root', { is: 'completed', output: { app: 'app.tgz' }, cost });
    s.endChild('root', { is: 'failed', failure, cost });
    s.endChild('root', { is: 'refused', failure: { ...failure, code: 'unknown-playbook' } });
    s.tick(1000);
    s.endChild('m/1', { is: 'completed', output: 'clean', cost });
    s.send({ type: 'pause', withParent: true });
    s.send({ type: 'resume', withParent: true });
    s.endChild('root', { is: 'cancelled', reason: 'by hand', cost });
    return s;
  },

  'paused-and-tried-again': () => {
    const fork = parallel(
      'f',
      [branch('done'), branch('bad'), branch('slow'), branch('after', [agent('x')], { needs: ['bad'] })],
      { converge: converge({ losers: 'cancel', deadline: 60_000 }) },
    );
    const s = Scenario.start(graphOf([fork, agent('last')]));
    s.complete('f/done', 1);
    s.send({ type: 'pause', reason: 'lunch', by: 'somebody' });
    s.fail('f/bad', { retryable: false });
    s.send({ type: 'retry', reason: 'it was the network', by: 'somebody' });
    s.complete('f/bad', 2);
    s.complete('f/slow', 3);
    s.send({ type: 'pause' });
    s.complete('f/after', 4);
    s.send({ type: 'resume', by: 'somebody' });
    s.complete('root', 'done');
    return s;
  },

  'undone-after-a-failure': () => {
    const undo = (id: string, output: string) => [agent(id, { with: output })];
    const book = (id: string) => agent(id, { compensate: undo(`drop_${id}`, `\${{ steps.${id}.output }}`) });
    const both = parallel('f', [branch('x', [book('hotel')]), branch('y', [book('car'), agent('more')])], {
      converge: converge({ strategy: { name: 'first-success' }, losers: 'cancel' }),
    });
    const s = Scenario.start(graphOf([book('flight'), both, agent('pay')]));
    s.complete('root', 'F');
    s.complete('f/y', 'C');
    s.complete('f/x', 'H');
    s.fail('root', { message: 'declined', retryable: false, details: { card: 'x' } });
    s.send({ type: 'pause' });
    s.complete('f/x/hotel:compensate');
    s.send({ type: 'resume' });
    s.fail('f/y/car:compensate', { message: 'too late', retryable: false });
    s.complete('flight:compensate');
    return s;
  },

  'undone-on-request-and-stopped': () => {
    const book = (id: string) => agent(id, { compensate: [wait(`rest_${id}`, 100), agent(`drop_${id}`)] });
    const s = Scenario.start(graphOf([book('flight'), book('hotel'), agent('pay')]));
    s.complete('root', 'F');
    s.complete('root', 'H');
    s.send({ type: 'cancel', compensate: true, reason: 'changed my mind', by: 'somebody' });
    s.tick(100);
    s.complete('hotel:compensate');
    s.send({ type: 'cancel', reason: 'leave it' });
    return s;
  },
};
