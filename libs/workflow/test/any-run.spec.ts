import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { type ExecutionMode, type RecordedEvent } from '@braid/events';
import { fold, restoreSnapshot, takeSnapshot, type WorkflowSnapshot } from '@braid/workflow';
import { difference, Watch } from '@braid/history';
import { checkCompensations, checkState, graphs, Scenario, variables } from '@braid/testing';
import { Driver, moves } from './random-moves';
import { runs } from './runs';

function expectNone(found: string | undefined, what: string): void {
  if (found !== undefined) throw new Error(`Broken: ${what}: at ${found}`);
}

/** Compares, after every step, the live state with what readers of the stored events see. */
class Readers {
  private readonly stored: RecordedEvent[] = [];
  private snapshot: { readonly text: string; readonly version: number } | undefined;

  constructor(private readonly scenario: Scenario) {}

  /** `keep`: a snapshot is taken of the state as it is now, for the comparisons that follow. */
  compare(keep: boolean): void {
    const { events, workflow } = this.scenario;
    // The start carries the graph, which is text by nature: sharing it saves most of the comparison.
    for (const event of events.slice(this.stored.length)) {
      this.stored.push(event.type === 'WorkflowStarted' ? event : (JSON.parse(JSON.stringify(event)) as RecordedEvent));
    }
    expectNone(difference(fold(this.stored), workflow), 'the events do not fold to the live state');
    if (this.snapshot) {
      const snapshot = JSON.parse(this.snapshot.text) as WorkflowSnapshot;
      const { graph } = workflow;
      const restored = restoreSnapshot({ ...snapshot, workflow: { ...snapshot.workflow, graph } });
      const { version } = this.snapshot;
      expectNone(
        difference(fold(this.stored.slice(version), restored), workflow),
        `the snapshot of version ${version} differs`,
      );
    }
    if (keep) this.snapshot = { text: JSON.stringify(takeSnapshot(workflow)), version: workflow.version };
  }
}

describe('any workflow, whatever happens to it and in whatever order', () => {
  // Seen to fail by breaking one line at a time of decide, evolve, convergence and snapshot.
  it('folds to the live state after every step, breaks no rule, and comes to an end', () => {
    const mode = fc.constantFrom<ExecutionMode>('parallel', 'parallel', 'sequential');
    const snapshotEvery = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(graphs(), mode, moves, snapshotEvery, (graph, executionMode, schedule, every) => {
        const scenario = Scenario.start(graph, { variables, mode: executionMode });
        const driver = new Driver(scenario);
        const watch = new Watch();
        const readers = new Readers(scenario);
        let seen = 0;
        let steps = 0;
        const check = () => {
          for (; seen < scenario.events.length; seen++) watch.see(scenario.events[seen] as RecordedEvent);
          checkState(scenario.workflow);
          readers.compare(steps++ % every === 0);
        };
        check();
        for (const move of schedule) {
          driver.make(move);
          check();
        }
        driver.finish(check);
        checkCompensations(scenario.events);
      }),
      runs(1000),
    );
  });
});
