import { type Member } from './member';

/** What an orchestrator counts when it is a zombie, or hears of one. */
const counted = { appends: 'braid_stale_commits_total', reports: 'braid_stale_reports_total' } as const;

type Life = { readonly [name in keyof typeof counted]: number };

/** Sums up what the lives of processes have counted: a life that is killed takes its counters with it, so each is read before. */
export class Counters {
  private readonly lives = new Map<string, Life>();

  async read(member: Member): Promise<void> {
    if (member.app !== 'orchestrator') return;
    const life = `${member.name} ${member.lives}`;
    const text = await member.metrics();
    if (text === undefined) return;
    this.lives.set(life, { appends: valueOf(text, counted.appends), reports: valueOf(text, counted.reports) });
  }

  total(name: keyof typeof counted): number {
    return [...this.lives.values()].reduce((sum, life) => sum + life[name], 0);
  }
}

/** The sum of a metric over its labels. */
export function valueOf(metrics: string, name: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
