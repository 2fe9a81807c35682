import {
  type Amounts,
  type ExecutionMode,
  type Failure,
  type Graph,
  type Json,
  type JsonObject,
  type Parent,
  type RecordedEvent,
} from '@braid/events';
import { currentStep, fold, unborn, type Workflow, type WorkflowState } from '@braid/workflow';
import {
  type ChildEnd,
  type ChildName,
  type Command,
  decide,
  type Decision,
  type Report,
  type SignsOfLife,
} from '@braid/workflow/decide';

/**
 * A workflow driven by hand, for tests of the rules: commands go in, events come out, time stands still until it is moved.
 */
export class Scenario {
  readonly events: RecordedEvent[] = [];
  state: WorkflowState = unborn;
  now = 1_000_000;

  static start(
    graph: Graph,
    more: {
      readonly variables?: JsonObject;
      readonly context?: JsonObject;
      readonly mode?: ExecutionMode;
      readonly budget?: Amounts;
      readonly parent?: Parent;
    } = {},
  ): Scenario {
    const scenario = new Scenario();
    scenario.send({
      type: 'start',
      workflow: 'w1',
      start: {
        playbook: { name: graph.name },
        graph,
        variables: more.variables ?? {},
        context: more.context ?? {},
        executionMode: more.mode ?? 'parallel',
        ...(more.budget && { budget: more.budget }),
        requestDigest: 'd',
        ...(more.parent && { parent: more.parent }),
      },
    });
    return scenario;
  }

  send(command: Command): Decision {
    const decision = decide(command, this.state, this.now, { maxBranches: 20_000, maxDepth: 3 });
    if (decision.is === 'accepted') {
      this.events.push(...decision.events);
      this.state = decision.state;
    }
    return decision;
  }

  complete(branch: string, output: Json = null, usage?: JsonObject): Decision {
    return this.report(branch, { is: 'completed', output }, usage);
  }

  fail(branch: string, failure: Partial<Failure> = {}, usage?: JsonObject): Decision {
    const whole: Failure = {
      type: 'TestError',
      message: 'it broke',
      code: 'agent-error',
      retryable: true,
      stack: 'at test',
      ...failure,
    };
    return this.report(branch, { is: 'failed', failure: whole }, usage);
  }

  signal(name: string, payload: Json = null, id = `s${this.events.length}`): Decision {
    return this.send({ type: 'signal', name, payload, id, by: 'a test' });
  }

  /** The child that a branch waits for ends. */
  endChild(branch: string, end: ChildEnd): Decision {
    return this.send({ type: 'child-ended', child: this.childOf(branch), end });
  }

  /** The child that a branch waits for. */
  childOf(path: string): ChildName {
    const phase = this.workflow.branches.get(path)?.phase;
    if (phase?.is !== 'delegated') throw new Error(`${path} waits for no child`);
    const { workflow, branch, step, attempt } = phase.to;
    return { workflow, branch, step, attempt };
  }

  tick(ms: number, signs: SignsOfLife = new Map()): Decision {
    this.now += ms;
    return this.send({ type: 'tick', signs });
  }

  get workflow(): Workflow {
    if (this.state.status === 'unborn') throw new Error('The workflow has not started');
    return this.state;
  }

  /** The state as a fresh reader of the events sees it. */
  refolded(): WorkflowState {
    return fold(JSON.parse(JSON.stringify(this.events)) as RecordedEvent[]);
  }

  /** Paths of the branches with an open attempt, in the order in which they were opened. */
  get requested(): readonly string[] {
    return [...this.workflow.branches.values()].filter((b) => b.phase.is === 'requested').map((b) => b.path);
  }

  /** Paths of the branches that wait for a child, in the order in which they were opened. */
  get delegated(): readonly string[] {
    return [...this.workflow.branches.values()].filter((b) => b.phase.is === 'delegated').map((b) => b.path);
  }

  phases(): Record<string, string> {
    return Object.fromEntries([...this.workflow.branches.values()].map((b) => [b.path, b.phase.is]));
  }

  ofType<T extends RecordedEvent['type']>(type: T): readonly Extract<RecordedEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<RecordedEvent, { type: T }> => event.type === type);
  }

  private report(path: string, outcome: Report['outcome'], usage: JsonObject | undefined): Decision {
    const branch = this.workflow.branches.get(path);
    const step = branch && currentStep(branch)?.id;
    const attempt = branch?.attempts ?? 0;
    const run = { attempt, runner: 'r1', startedAt: this.now - 5, endedAt: this.now, ...(usage && { usage }) };
    return this.send({ type: 'report', report: { branch: path, step: step ?? '', run, outcome } });
  }
}
