import { Counter, Gauge, type Registry } from '@braid/service';

/** What an orchestrator counts. */
export type OrchestratorMetrics = ReturnType<typeof orchestratorMetrics>;

export function orchestratorMetrics(registry: Registry) {
  const registers = [registry];
  return {
    events: new Counter({ name: 'braid_events_recorded_total', help: 'Events on disk', registers }),
    dispatched: new Counter({ name: 'braid_work_dispatched_total', help: 'Attempts sent to runners', registers }),
    redispatched: new Counter({
      name: 'braid_work_redispatched_total',
      help: 'Attempts sent again because nobody worked on them',
      registers,
    }),
    staleReports: new Counter({
      name: 'braid_stale_reports_total',
      help: 'Reports of attempts that were not current any more',
      registers,
    }),
    rejections: new Counter({
      name: 'braid_rejections_total',
      help: 'Commands that were refused, by code',
      labelNames: ['code'],
      registers,
    }),
    deadLetters: new Counter({ name: 'braid_dead_letters_total', help: 'Messages that were set aside', registers }),
    removed: new Counter({ name: 'braid_workflows_removed_total', help: 'Old workflows that were removed', registers }),
    conflicts: new Counter({
      name: 'braid_version_conflicts_total',
      help: 'Commits that contradicted the log: each one is a bug',
      registers,
    }),
    staleCommits: new Counter({
      name: 'braid_stale_commits_total',
      help: 'Commits that the store refused because the partition has another owner',
      registers,
    }),
    fenced: new Counter({ name: 'braid_fenced_total', help: 'Partitions lost to another owner', registers }),
    partitions: new Gauge({ name: 'braid_partitions_owned', help: 'Partitions that this process writes', registers }),
    workflows: new Gauge({ name: 'braid_workflows_in_memory', help: 'Workflows that are in memory', registers }),
    commitQueue: new Gauge({ name: 'braid_commit_queue', help: 'Commits that wait for the disk', registers }),
  };
}
