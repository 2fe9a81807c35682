/**
 * Every NATS subject in one place. Names of playbooks and agents may hold dots, which are token separators in NATS:
 * in subjects they are written as `_`-escaped single tokens by {@link subjectToken}.
 */
export const streams = {
  in: 'BRAID_IN',
  work: 'BRAID_WORK',
  events: 'BRAID_EVENTS',
  dead: 'BRAID_DEAD',
} as const;

/** A name as one subject token: letters, digits and `-` stay, everything else becomes `_` and its code in hex. */
export function subjectToken(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, (char) => `_${char.codePointAt(0)?.toString(16) ?? ''}_`);
}

export const subjects = {
  /** What enters an orchestrator; a workflow's messages all carry its partition. */
  start: (partition: number, workflow: string) => `braid.in.${partition}.start.${workflow}`,
  report: (partition: number, workflow: string) => `braid.in.${partition}.report.${workflow}`,
  /** Several reports in one message, of any workflows of the partition. */
  reports: (partition: number) => `braid.in.${partition}.reports`,
  command: (partition: number, workflow: string) => `braid.in.${partition}.command.${workflow}`,
  inOfPartition: (partition: number) => `braid.in.${partition}.>`,
  work: (agent: string) => `braid.work.${subjectToken(agent)}`,
  event: (playbook: string, type: string, workflow: string) =>
    `braid.events.${subjectToken(playbook)}.${type}.${workflow}`,
  eventsOfWorkflow: (workflow: string) => `braid.events.*.*.${workflow}`,
  dead: (stream: string) => `braid.dead.${stream}`,
  /** Core NATS, not kept: signs of life of attempts, by partition, so that an orchestrator hears only its own. */
  heartbeat: (partition: number) => `braid.live.heartbeat.${partition}`,
  heartbeats: 'braid.live.heartbeat.*',
  /** Core NATS: stop an attempt that no longer matters. Every runner hears it. */
  cancel: 'braid.live.cancel',
  /** Core NATS: a workflow has ended. Whoever waits for that looks at once; the end itself is on record. */
  ended: (workflow: string) => `braid.live.ended.${workflow}`,
  endings: 'braid.live.ended.*',
  /** Core NATS: a runner says what it can run. */
  runner: 'braid.live.runner',
  /** Core NATS: a partition was given back. */
  released: 'braid.live.released',
} as const;
