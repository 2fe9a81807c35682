import { agent, branch, choose, converge, graphOf, map, parallel, Scenario, signal, when } from '@braid/testing';
import { describe, expect, test } from '@jest/globals';
import { dotPicture, mermaidPicture } from './graph-picture';
import { graphView } from './graph-view';
import { type FindAttempt } from './live-attempts';

const nobody: FindAttempt = () => undefined;
const folded = { expand: false };

const review = graphOf([
  agent('fetch'),
  parallel('reviews', [
    branch('security'),
    branch('speed'),
    branch('second', [agent('second')], { needs: ['security'] }),
  ]),
  agent('sum'),
]);

describe('the graph of a workflow', () => {
  test('shows what has not been reached as the playbook says', () => {
    const { nodes, edges } = graphView(Scenario.start(review).workflow, nobody, folded);
    expect(nodes.map(({ id, status }) => [id, status])).toEqual([
      ['root#fetch', 'requested'],
      ['root#reviews', 'pending'],
      ['root#reviews:converge', 'pending'],
      ['reviews/security#security', 'pending'],
      ['reviews/speed#speed', 'pending'],
      ['reviews/second#second', 'pending'],
      ['root#sum', 'pending'],
    ]);
    expect(edges).toContainEqual({ from: 'root#fetch', to: 'root#reviews', kind: 'sequence' });
    expect(edges).toContainEqual({ from: 'root#reviews', to: 'reviews/speed#speed', kind: 'fork' });
    expect(edges).toContainEqual({ from: 'reviews/security#security', to: 'reviews/second#second', kind: 'needs' });
    expect(edges).not.toContainEqual(expect.objectContaining({ to: 'reviews/second#second', kind: 'fork' }));
    expect(edges).toContainEqual({ from: 'reviews/second#second', to: 'root#reviews:converge', kind: 'converge' });
    expect(edges).toContainEqual({ from: 'root#reviews:converge', to: 'root#sum', kind: 'sequence' });
  });

  test('has the same nodes and edges all along, with the status of the moment', () => {
    const scenario = Scenario.start(review);
    const ids = () => graphView(scenario.workflow, nobody, folded).nodes.map(({ id }) => id);
    const before = ids();
    scenario.complete('root');
    scenario.complete('reviews/security');
    scenario.fail('reviews/speed');
    const status = Object.fromEntries(graphView(scenario.workflow, nobody, folded).nodes.map((n) => [n.id, n.status]));
    expect(status).toMatchObject({
      'root#fetch': 'completed',
      'reviews/security#security': 'completed',
      'reviews/speed#speed': 'failed',
      'reviews/second#second': 'requested',
      'root#sum': 'pending',
    });
    expect(ids()).toEqual(before);
  });

  test('shows what undoes a step when that has begun, hanging on the step, and many as one', () => {
    const book = agent('book', { compensate: [agent('ask'), agent('drop')] });
    const drawnOf = (items: number) => {
      const scenario = Scenario.start(
        graphOf([
          map(
            'm',
            Array.from({ length: items }, (_, n) => n),
            [book],
          ),
          agent('last'),
        ]),
      );
      for (let n = 0; n < items; n++) scenario.complete(`m/${n}`);
      const before = graphView(scenario.workflow, nobody, folded);
      expect(before.nodes.filter(({ id }) => id.includes(':compensate'))).toEqual([]);
      scenario.fail('root');
      return graphView(scenario.workflow, nobody, folded);
    };
    const { nodes, edges } = drawnOf(2);
    expect(nodes.filter(({ id }) => id.includes(':compensate')).map(({ id, status }) => [id, status])).toEqual([
      ['m/1/book:compensate#ask', 'requested'],
      ['m/1/book:compensate#drop', 'pending'],
      ['m/0/book:compensate#ask', 'pending'],
      ['m/0/book:compensate#drop', 'pending'],
    ]);
    expect(edges.filter(({ kind }) => kind === 'compensation')).toEqual([
      { from: 'm/1#book', to: 'm/1/book:compensate#ask', kind: 'compensation' },
      { from: 'm/0#book', to: 'm/0/book:compensate#ask', kind: 'compensation' },
    ]);
    const many = drawnOf(60);
    expect(many.nodes.filter(({ id }) => id.includes(':compensate'))).toMatchObject([
      { id: '*:compensate', label: 'compensate × 60', status: 'requested', counts: { requested: 1, pending: 59 } },
    ]);
    expect(many.edges.filter(({ kind }) => kind === 'compensation')).toEqual([
      { from: 'root#m', to: '*:compensate', kind: 'compensation' },
    ]);
  });

  test('every edge joins two nodes', () => {
    const scenario = Scenario.start(review);
    scenario.complete('root');
    const { nodes, edges } = graphView(scenario.workflow, nobody, folded);
    const ids = new Set(nodes.map(({ id }) => id));
    expect(edges.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([]);
  });

  test('draws many branches as one that counts them, unless all are asked for', () => {
    const items = Array.from({ length: 60 }, (_, index) => index);
    const scenario = Scenario.start(graphOf([map('files', items, [agent('lint')], { maxConcurrency: 10 })]));
    scenario.complete('files/0');
    const { nodes } = graphView(scenario.workflow, nobody, folded);
    expect(nodes).toHaveLength(3);
    expect(nodes.at(-1)).toMatchObject({
      kind: 'branches',
      label: 'files × 60',
      counts: { completed: 1, requested: 10, pending: 49 },
      status: 'requested',
    });
    expect(graphView(scenario.workflow, nobody, { expand: true }).nodes).toHaveLength(62);
  });

  test('does not know how many branches a map will have before it is reached', () => {
    const workflow = Scenario.start(graphOf([agent('list'), map('files', [], [agent('lint')])])).workflow;
    expect(graphView(workflow, nobody, folded).nodes).toContainEqual(
      expect.objectContaining({ label: 'files × ?', status: 'pending' }),
    );
  });
});

describe('steps inside of steps', () => {
  const graph = graphOf([
    choose('pick', [when('false', [agent('no')]), when(undefined, [agent('yes'), signal('ask', 'go')])]),
    agent('ship', { onFailure: [agent('repair')] }),
    agent('after'),
  ]);
  const statusOf = (scenario: Scenario) =>
    Object.fromEntries(
      graphView(scenario.workflow, nobody, folded).nodes.map(({ id, status }) => [id.replace('root#', ''), status]),
    );

  test('are drawn as cases and answers to failures, and joined by what follows', () => {
    const { edges } = graphView(Scenario.start(graph).workflow, nobody, folded);
    expect(edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`.replaceAll('root#', ''))).toEqual([
      'pick case no',
      'yes sequence ask',
      'pick case yes',
      'ship failure repair',
      'no sequence ship',
      'ask sequence ship',
      'ship sequence after',
      'repair sequence after',
    ]);
  });

  test('have the status of the way that the branch took', () => {
    const scenario = Scenario.start(graph);
    expect(statusOf(scenario)).toMatchObject({ no: 'skipped', yes: 'requested', ask: 'pending', ship: 'pending' });
    scenario.complete('root');
    expect(statusOf(scenario)).toMatchObject({ yes: 'completed', ask: 'running', pick: 'running', repair: 'pending' });
    scenario.signal('go');
    expect(statusOf(scenario)).toMatchObject({ no: 'skipped', yes: 'completed', pick: 'completed', ship: 'requested' });
    scenario.fail('root');
    expect(statusOf(scenario)).toMatchObject({ repair: 'requested', after: 'pending' });
    scenario.complete('root');
    expect(statusOf(scenario)).toMatchObject({ repair: 'completed', after: 'requested' });
  });
});

describe('a judge', () => {
  test('stands between the branches and their convergence', () => {
    const judged = converge({ strategy: { name: 'judge', judge: agent('judge', { agent: 'critic' }) } });
    const scenario = Scenario.start(graphOf([parallel('f', [branch('a'), branch('b')], { converge: judged })]));
    const { nodes, edges } = graphView(scenario.workflow, nobody, folded);
    expect(nodes).toContainEqual({
      ...{ id: 'f/judge#judge', kind: 'agent', label: 'judge', branch: 'f/judge', step: 'judge', agent: 'critic' },
      status: 'pending',
    });
    expect(edges.filter(({ kind }) => kind === 'converge')).toEqual([
      { from: 'f/judge#judge', to: 'root#f:converge', kind: 'converge' },
      { from: 'f/a#a', to: 'f/judge#judge', kind: 'converge' },
      { from: 'f/b#b', to: 'f/judge#judge', kind: 'converge' },
    ]);
  });
});

describe('needs of which some suffice', () => {
  const two = branch('two', [agent('x')], { needs: ['a', 'b', 'c'], require: 2 });
  const graph = graphOf([parallel('f', [branch('a'), branch('b'), branch('c'), two])]);

  test('say how many, in pictures too', () => {
    const view = graphView(Scenario.start(graph).workflow, nobody, folded);
    expect(view.edges).toContainEqual({ from: 'f/b#b', to: 'f/two#x', kind: 'needs', require: 2 });
    expect(mermaidPicture(view)).toContain('-. any 2 .->');
    expect(dotPicture(view)).toContain('[style=dashed, label="any 2"]');
  });
});

describe('pictures', () => {
  test('keep names from being read as syntax', () => {
    const odd = graphOf([agent('a"];x-->y', { agent: '<script>`|{}' })]);
    const graph = graphView(Scenario.start(odd).workflow, nobody, folded);
    expect(mermaidPicture(graph)).toContain(
      'n0["a#34;#93;;x--#62;y<br/>#60;script#62;#96;#124;#123;#125;"]:::requested',
    );
    expect(dotPicture(graph)).toContain(String.raw`n0 [label="a\"];x-->y\n<script>`);
  });
});
