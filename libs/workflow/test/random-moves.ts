import fc from 'fast-check';
import { type Failure, type Json, type JsonObject, type RecordedEvent, unreachable } from '@braid/events';
import { Scenario, type SignalName } from '@braid/testing';
import { everyStep, isOpen, type Workflow } from '@braid/workflow';
import {
  type ChildEnd,
  type ChildName,
  type Command,
  nextObligation,
  type Report,
  type SignsOfLife,
} from '@braid/workflow/decide';

/** One thing that may happen to a workflow. `pick` chooses among what there is, whatever there is by then. */
export type Move =
  | { readonly do: 'complete'; readonly pick: number; readonly output: Json }
  | { readonly do: 'fail'; readonly pick: number; readonly failure: Partial<Failure> }
  | { readonly do: 'stale'; readonly pick: number; readonly by: 'attempt' | 'step' | 'branch' | 'repeat' }
  | { readonly do: 'tick'; readonly ms: number; readonly heard: readonly Heard[] }
  | { readonly do: 'due'; readonly heard: readonly Heard[] }
  /** `again`: one that came in before. */
  | { readonly do: 'signal'; readonly name: SignalName; readonly payload: number; readonly again: boolean }
  | { readonly do: 'end-child'; readonly pick: number; readonly is: ChildEnd['is'] }
  /** The end of a child that is not the current one. */
  | { readonly do: 'stale-child'; readonly pick: number; readonly by: 'workflow' | 'attempt' | 'repeat' }
  | { readonly do: 'start-again' }
  /** `withParent`: because the parent is paused. */
  | { readonly do: 'pause'; readonly withParent: boolean }
  | { readonly do: 'resume' | 'retry' }
  | { readonly do: 'cancel'; readonly compensate: boolean };

/** A sign of life of an attempt, as old as it says; `behind` attempts before the current one. */
export type Heard = { readonly pick: number; readonly behind: number; readonly age: number; readonly silence: number };

const outputs = fc.oneof(
  fc.record({ v: fc.nat(4) }),
  fc.constantFrom<Json>(null, 'text', [], { v: 'not a number' }, { ['__proto__']: 1, v: 1 }),
);

const failures: fc.Arbitrary<Partial<Failure>> = fc.oneof(
  fc.constantFrom<Partial<Failure>>(
    { code: 'agent-error' },
    { code: 'agent-error', type: 'Fatal' },
    { code: 'invalid-input', retryable: false },
    { code: 'rate-limited', retryAfter: 500 },
    { code: 'overloaded' },
    { code: 'no-slot' },
    { code: 'overloaded', retryable: false },
  ),
);

const heard: fc.Arbitrary<readonly Heard[]> = fc.array(
  fc.record({ pick: fc.nat(50), behind: fc.constantFrom(0, 0, 0, 1), age: fc.nat(15_000), silence: fc.nat(3000) }),
  { maxLength: 4 },
);

const pick = fc.nat(1000);

export const moves: fc.Arbitrary<readonly Move[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('complete' as const), pick, output: outputs }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('fail' as const), pick, failure: failures }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('stale' as const),
          pick,
          by: fc.constantFrom<'attempt' | 'step' | 'branch' | 'repeat'>('attempt', 'step', 'branch', 'repeat'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(1500), heard }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('due' as const), heard }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('signal' as const),
          name: fc.constantFrom<SignalName>('go', 'count'),
          payload: fc.nat(3),
          again: fc.constantFrom(false, false, true),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('end-child' as const),
          pick,
          is: fc.constantFrom<ChildEnd['is']>('completed', 'completed', 'completed', 'failed', 'cancelled', 'refused'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('stale-child' as const),
          pick,
          by: fc.constantFrom<'workflow' | 'attempt' | 'repeat'>('workflow', 'attempt', 'repeat'),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'start-again' as const }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), withParent: fc.boolean() }) },
      { weight: 2, arbitrary: fc.constant({ do: 'resume' as const }) },
      { weight: 2, arbitrary: fc.constant({ do: 'retry' as const }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), compensate: fc.boolean() }) },
    ),
    { maxLength: 40, size: 'max' },
  )
  .map((all) => asOnTheWire(withFewCancels(all)));

/** What is drawn has no prototypes and may share objects; what arrives has been text. */
const asOnTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Most runs are never cancelled, else hardly any would get far: only a cancel at a fifth place stays. */
function withFewCancels(all: readonly Move[]): readonly Move[] {
  return all.filter((move, place) => move.do !== 'cancel' || place % 5 === 4);
}

/** Drives a scenario by moves, and checks what a move itself promises. */
export class Driver {
  private readonly told: Report[] = [];
  private readonly endedChildren: ChildName[] = [];

  constructor(
    readonly scenario: Scenario,
    /** What the open attempt of a branch has used. */
    private readonly usageOf: (path: string) => JsonObject = () => ({ tokens: 3 }),
  ) {}

  /** Does a move; whatever happens is appended to the scenario's events. */
  make(move: Move): void {
    const s = this.scenario;
    switch (move.do) {
      case 'complete':
      case 'fail': {
        const path = s.requested[move.pick % Math.max(1, s.requested.length)];
        if (path === undefined) return;
        const outcome =
          move.do === 'complete'
            ? { is: 'completed' as const, output: move.output }
            : { is: 'failed' as const, failure: { ...plainFailure, ...move.failure } };
        return this.tell({ ...this.openAttempt(path), outcome });
      }
      case 'stale':
        return this.tellStale(move.by, move.pick);
      case 'tick':
        s.now += move.ms;
        return this.tick(signsOf(s.workflow, s.now, move.heard));
      case 'due': {
        const signs = signsOf(s.workflow, s.now, move.heard);
        s.now = Math.max(s.now, nextObligation(s.workflow, signs) ?? s.now);
        return this.tick(signs);
      }
      case 'signal':
        return this.signal(move.name, move.payload, move.again);
      case 'end-child':
        return this.endChild(move.pick, move.is);
      case 'stale-child':
        return this.tellStaleChild(move.by, move.pick);
      case 'start-again': {
        const [first] = s.ofType('WorkflowStarted');
        if (first) this.expectNothing({ type: 'start', workflow: first.workflow, start: first.data });
        return;
      }
      case 'pause':
        return this.holdOrGoOn(move.do, move.withParent);
      case 'resume':
        return this.holdOrGoOn(move.do, false);
      case 'retry':
        return this.retry();
      case 'cancel':
        return this.cancel(move.compensate);
    }
  }

  /** Completes what is open and lets time pass until the workflow has ended, calling `after` between any two moves. */
  finish(after: () => void): void {
    const s = this.scenario;
    for (let moves = 0; isOpen(s.workflow); moves++) {
      const before = s.events.length;
      const awaited = [...s.workflow.waiting].map(({ phase }) => phase).find(({ is }) => is === 'awaiting');
      if (s.workflow.status === 'paused') this.make({ do: 'resume' });
      else if (s.requested.length > 0) this.make({ do: 'complete', pick: moves * 7, output: { v: moves % 3 } });
      else if (s.delegated.length > 0) this.make({ do: 'end-child', pick: moves * 7, is: 'completed' });
      else if (awaited?.is === 'awaiting') s.signal(awaited.signal, moves);
      else this.make({ do: 'due', heard: [] });
      if (s.events.length === before) throw new Error('Broken: neither a report nor the due moment moved the workflow');
      if (moves > 500) throw new Error('Broken: the workflow does not come to an end');
      after();
    }
  }

  private cancel(compensate: boolean): void {
    const s = this.scenario;
    const was = isOpen(s.workflow);
    const decision = s.send({ type: 'cancel', compensate, reason: 'enough', by: 'a test' });
    if (was && decision.is !== 'accepted') throw new Error('Broken: an open workflow refused its cancel');
    if (was) this.expectNothing({ type: 'cancel', compensate });
    if (!compensate && isOpen(s.workflow)) throw new Error('Broken: a cancelled workflow goes on');
  }

  private holdOrGoOn(type: 'pause' | 'resume', withParent: boolean): void {
    const s = this.scenario;
    const was = isOpen(s.workflow);
    const decision = s.send({ type, by: 'a test', withParent });
    if ((decision.is === 'accepted') !== was) throw new Error(`Broken: the ${type} was ${decision.is}`);
    if (!was || !isOpen(s.workflow)) return;
    const status = type === 'pause' ? 'paused' : 'running';
    if (s.workflow.status !== status) throw new Error(`Broken: it is not ${status}`);
    this.expectNothing({ type });
  }

  private retry(): void {
    const s = this.scenario;
    const { status, root, retries, compensation } = s.workflow;
    const can = status === 'failed' && root.phase.is === 'failed' && !compensation;
    const isRepeated = retries > 0 && isOpen(s.workflow) && !compensation;
    const decision = s.send({ type: 'retry', reason: 'once more' });
    if ((decision.is === 'accepted') !== (can || isRepeated)) throw new Error(`Broken: the retry was ${decision.is}`);
    if (can && isOpen(s.workflow)) this.expectNothing({ type: 'retry' });
  }

  private signal(name: SignalName, payload: number, again: boolean): void {
    const s = this.scenario;
    const [earlier] = s.workflow.signals.seen;
    if (again && earlier !== undefined) {
      return this.expectNothing({ type: 'signal', name, payload: 'not what it was', id: earlier });
    }
    const waited = [...everyStep(s.workflow.graph.steps)].some((step) => step.kind === 'signal' && step.name === name);
    const open = isOpen(s.workflow);
    const wrong = s.signal('count', 'no number');
    if (wrong.is !== 'rejected') throw new Error('Broken: a signal was taken that does not match its schema');
    const decision = s.signal(name, payload);
    if ((decision.is === 'accepted') !== (open && waited)) throw new Error(`Broken: the signal was ${decision.is}`);
  }

  private tell(report: Report): void {
    const decision = this.scenario.send({ type: 'report', report });
    if (decision.is !== 'accepted' || decision.events.length === 0) {
      throw new Error('Broken: the report of the current attempt led to nothing');
    }
    this.told.push(report);
    this.expectNothing({ type: 'report', report });
  }

  /** What a child used is its parent's cost, whatever became of it. */
  private endChild(pick: number, is: ChildEnd['is']): void {
    const s = this.scenario;
    const path = s.delegated[pick % Math.max(1, s.delegated.length)];
    if (path === undefined) return;
    const child = s.childOf(path);
    const end = childEnd(is);
    const before = s.workflow.cost.usage.get('pages') ?? 0;
    const events = s.events.length;
    const decision = s.send({ type: 'child-ended', child, end });
    if (decision.is !== 'accepted' || s.events.length === events)
      throw new Error('Broken: the end of a child led to nothing');
    const used = (s.workflow.cost.usage.get('pages') ?? 0) - before;
    if (used !== (is === 'refused' ? 0 : 2)) throw new Error(`Broken: the child used 2 pages and ${used} were counted`);
    this.endedChildren.push(child);
    this.expectNothing({ type: 'child-ended', child, end });
  }

  private tellStaleChild(by: Extract<Move, { do: 'stale-child' }>['by'], pick: number): void {
    const s = this.scenario;
    const path = s.delegated[pick % Math.max(1, s.delegated.length)];
    const earlier = this.endedChildren[pick % Math.max(1, this.endedChildren.length)];
    const current = path === undefined ? undefined : s.childOf(path);
    const child =
      by === 'repeat' || current === undefined
        ? earlier
        : by === 'attempt'
          ? { ...current, attempt: current.attempt + 1 }
          : { ...current, workflow: `${current.workflow}0` };
    if (child) this.expectNothing({ type: 'child-ended', child, end: childEnd('completed') });
    if (current) this.expectNothing({ type: 'child-asks', child: current, held: false });
  }

  private tellStale(by: Extract<Move, { do: 'stale' }>['by'], pick: number): void {
    const s = this.scenario;
    const path = s.requested[pick % Math.max(1, s.requested.length)];
    const outcome = { is: 'completed' as const, output: 'late' };
    const earlier = this.told[pick % Math.max(1, this.told.length)];
    if (by === 'repeat' || path === undefined) {
      if (earlier) this.expectNothing({ type: 'report', report: { ...earlier, outcome } });
      return;
    }
    const current = this.openAttempt(path);
    const run = { ...current.run, attempt: current.run.attempt + (pick % 2 === 0 ? 1 : -1) };
    const report =
      by === 'attempt'
        ? { ...current, run }
        : by === 'step'
          ? { ...current, step: `${current.step}x` }
          : { ...current, branch: `${path}/x` };
    this.expectNothing({ type: 'report', report: { ...report, outcome } });
  }

  /** A tick acts exactly when the next due moment has come. */
  private tick(signs: SignsOfLife): void {
    const s = this.scenario;
    const due = nextObligation(s.workflow, signs);
    const decision = s.send({ type: 'tick', signs });
    const events = decision.is === 'accepted' ? decision.events.length : 0;
    const expected = due !== undefined && due <= s.now;
    if (expected !== events > 0) {
      throw new Error(`Broken: due at ${due ?? 'no moment'}, and the tick at ${s.now} led to ${events} events`);
    }
  }

  private expectNothing(command: Command): void {
    const s = this.scenario;
    const { version } = s.workflow;
    const decision = s.send(command);
    const events: readonly RecordedEvent[] = decision.is === 'accepted' ? decision.events : [];
    if (events.length > 0 || s.workflow.version !== version) {
      throw new Error(`Broken: a repeated or late ${command.type} led to ${events[0]?.type ?? 'a change'}`);
    }
  }

  private openAttempt(path: string): Omit<Report, 'outcome'> {
    const s = this.scenario;
    const phase = s.workflow.branches.get(path)?.phase;
    if (phase?.is !== 'requested') throw new Error(`${path} has no open attempt`);
    const { step, attempt } = phase.request;
    const usage = this.usageOf(path);
    return { branch: path, step, run: { attempt, runner: 'r1', startedAt: s.now - 5, endedAt: s.now, usage } };
  }
}

function childEnd(is: ChildEnd['is']): ChildEnd {
  const cost = { attempts: 1, agentMs: 5, usage: { pages: 2 } };
  switch (is) {
    case 'completed':
      return { is, output: { v: 1 }, cost };
    case 'failed':
      return { is, failure: plainFailure, cost };
    case 'cancelled':
      return { is, reason: 'by hand', cost };
    case 'refused':
      return { is, failure: { ...plainFailure, code: 'unknown-playbook', retryable: false } };
    default:
      return unreachable(is);
  }
}

const plainFailure: Failure = { type: 'TestError', message: 'it broke', code: 'agent-error', retryable: true };

function signsOf(state: Workflow, now: number, heard: readonly Heard[]): SignsOfLife {
  const open = [...state.branches.values()].filter(({ phase }) => phase.is === 'requested');
  return new Map(
    heard.flatMap(({ pick: place, behind, age, silence }) => {
      const branch = open[place % Math.max(1, open.length)];
      if (!branch) return [];
      const sign = { attempt: branch.attempts - behind, startedAt: now - age, seenAt: now - silence };
      return [[branch.path, sign] as const];
    }),
  );
}
