import { type RunnerPresence } from '@braid/contracts';

/** What one agent can do now, over all runners that have it. */
export type AgentView = {
  readonly agent: string;
  readonly runners: readonly string[];
  readonly slots: number;
  readonly busy: number;
};

export type RunnerView = Omit<RunnerPresence, 'startedAt'> & {
  readonly startedAt: string;
  /** When the runner was heard last. */
  readonly heardAt: string;
};

/** The runners that were heard lately. */
export class Presence {
  private readonly runners = new Map<string, { readonly presence: RunnerPresence; readonly heardAt: number }>();

  /** @param ttlMs silence after which a runner counts as gone, in milliseconds */
  constructor(
    private readonly ttlMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  heard(presence: RunnerPresence): void {
    this.runners.set(presence.runner, { presence, heardAt: this.now() });
    this.forgetSilent();
  }

  listRunners(): readonly RunnerView[] {
    this.forgetSilent();
    return [...this.runners.values()]
      .map(({ presence, heardAt }) => ({
        ...presence,
        startedAt: new Date(presence.startedAt).toISOString(),
        heardAt: new Date(heardAt).toISOString(),
      }))
      .sort((a, b) => a.runner.localeCompare(b.runner));
  }

  /** Agents by name; runners that drain take no new work and are not counted. */
  listAgents(): readonly AgentView[] {
    const agents = new Map<string, AgentView>();
    for (const { runner, draining, agents: served } of this.listRunners()) {
      if (draining) continue;
      for (const { agent, slots, busy } of served) {
        const sum = agents.get(agent) ?? { agent, runners: [], slots: 0, busy: 0 };
        agents.set(agent, {
          agent,
          runners: [...sum.runners, runner],
          slots: sum.slots + slots,
          busy: sum.busy + busy,
        });
      }
    }
    return [...agents.values()].sort((a, b) => a.agent.localeCompare(b.agent));
  }

  private forgetSilent(): void {
    for (const [runner, { heardAt }] of this.runners) {
      if (heardAt + this.ttlMs < this.now()) this.runners.delete(runner);
    }
  }
}
