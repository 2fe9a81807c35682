import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Chaos } from './chaos';
import { check, type Check } from './checks';
import { Cluster, leaseMs } from './cluster';
import { gather } from './evidence';
import { Ledger } from './ledger';
import { Load } from './load';
import { type ChaosOptions, readOptions, usage, UsageError } from './options';
import { describeDeed } from './deeds';
import { roundMs } from './decks';
import { publishedOf } from './dear-playbooks';
import { familyOf } from './families';
import { type Act, planOf, planOfFamily } from './plan';
import { kindsOf } from './playbooks';
import { recoveredWithinMs, type Recovery } from './recovery';
import { broken, tableOf } from './report';
import { type Disturbed, familyLines } from './report-families';
import { memoryLines } from './report-memory';
import { until } from '../e2e/rig/until';
import { Watch } from './watch';
import { Servers } from './servers';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const lineEveryMs = 5_000;
const linesUntilMemory = 6;
/** So many that a partition of every orchestrator is surely among theirs. */
const probesPerAct = 12;
const betweenActsMs = 2_000;
/** How many times longer than allowed is waited for what has not finished. */
const patience = 3;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(6)} s`;

/** Answers the exit code: 0 when every promise held, 1 when not, 2 for a wrong command line. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(readOptions(argv, Date.now()));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`${error.message}\n\n${usage}`);
    return 2;
  }
}

async function run(options: ChaosOptions): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'braid-chaos-'));
  const plan = planFor(options);
  const about = options.only === undefined ? `${options.chaosMs / 1_000} s of chaos` : `every act of ${options.only}`;
  say(`Seed ${options.seed}: ${about}, ${plan.length} acts; data and logs in ${home}`);
  for (const act of plan) say(`${options.only === undefined ? seconds(act.at) : ''}  ${describeDeed(act)}`);
  const servers = await Servers.start(
    home,
    options.chaosMs / 60_000,
    plan.some(({ is }) => is === 'fill-disk'),
  );
  const ledger = await Ledger.start(options.seed);
  let checks: readonly Check[] = [];
  try {
    const cluster = await Cluster.start(home, servers, options);
    checks = await disturb(cluster, servers, ledger, plan, options);
  } finally {
    await ledger.stop();
    await servers.stop();
  }
  say(tableOf(checks));
  await writeFile(join(home, 'report.json'), JSON.stringify({ options, plan, checks }, undefined, 2));
  const bad = broken(checks);
  if (bad.length === 0) {
    if (!options.keep) await rm(home, { recursive: true, force: true });
    say(`Seed ${options.seed}: every promise held`);
    return 0;
  }
  say(`Seed ${options.seed}: broken: ${bad.join(', ')}\nLogs and data are kept in ${home}`);
  return 1;
}

function planFor(options: ChaosOptions): readonly Act[] {
  if (options.calm) return [];
  const { only } = options;
  const all = { ...options, leaseMs };
  return only === undefined ? planOf(all) : planOfFamily(only, all).map((deed) => ({ at: 0, ...deed }));
}

async function disturb(
  cluster: Cluster,
  servers: Servers,
  ledger: Ledger,
  plan: readonly Act[],
  options: ChaosOptions,
): Promise<readonly Check[]> {
  const begun = performance.now();
  const stamp = () => seconds(performance.now() - begun);
  const load = new Load({ ...options, gateways: cluster.gateways }, kindsOf(ledger.address));
  await load.prepare(publishedOf(ledger.address));
  const watch = new Watch(cluster.members);
  const { recovery, counters, memory } = watch;
  const chaos = new Chaos(cluster, servers, recovery, counters, (deed) => say(`${stamp()}  ${describeDeed(deed)}`));
  const open = new OpenWorkflows(servers.postgres.url);
  const names = cluster.members.map(({ name }) => name);
  let lines = 0;
  const live = setInterval(() => {
    lines += 1;
    if (lines % linesUntilMemory === 0) say(`${stamp()}  … MiB: ${memory.line(names)}`);
    void open
      .count()
      .then((left) =>
        say(
          `${stamp()}  … ${chaos.kills} kills, ${load.starts.length} starts, ${load.accepted.length} accepted, ` +
            `${left ?? '?'} open, ${ledger.requests} effects`,
        ),
      );
  }, lineEveryMs);
  try {
    const probes = await play({ chaos, load, recovery, plan, options });
    const quietAt = performance.now();
    say(`${stamp()}  quiet`);
    // Late is a fault too, but another one than stuck; and what still moves cannot be read as a whole.
    const end = quietAt + options.quietMs * patience;
    while (performance.now() < end && !(load.busy === 0 && (await open.count()) === 0)) await sleep(200);
    const quietMs = performance.now() - quietAt;
    const late = quietMs > options.quietMs ? [`more than ${options.quietMs / 1_000} s`] : [];
    const callers = load.busy;
    await load.giveUp();
    await watch.look();
    const evidence = await gather({ cluster, databaseUrl: servers.postgres.url, load, ledger });
    const lives = cluster.members.map(
      ({ name, lives, ownEnds }) => `${name} ${lives}${ownEnds.length > 0 ? ` (own ends: ${ownEnds.join(' ')})` : ''}`,
    );
    const promises = check(evidence);
    const wrongEnds = await cluster.stop();
    const played = [...new Set(plan.map(familyOf))];
    const isFull = options.chaosMs >= roundMs || options.only !== undefined;
    return [
      ...familyLines({ chaos, recovery, counters, probes, played, isFull }),
      { name: 'acts', figure: chaos.played },
      ...(chaos.skipped.length > 0 ? [{ name: 'skipped', figure: chaos.skipped.join('; ') }] : []),
      { name: 'seconds until finished', figure: (quietMs / 1_000).toFixed(1), faults: late },
      { name: 'lives', figure: lives.join(', ') },
      ...memoryLines(memory, names),
      ...promises,
      {
        name: 'callers without an answer',
        figure: callers,
        faults: callers === 0 ? [] : [`${callers} callers still wait`],
      },
      { name: 'acts that failed', figure: chaos.failed.length, faults: chaos.failed },
      { name: 'services that did not end well', figure: wrongEnds.length, faults: wrongEnds },
    ];
  } finally {
    clearInterval(live);
    watch.stop();
    await open.close();
    await cluster.stop();
  }
}

type Play = {
  readonly chaos: Chaos;
  readonly load: Load;
  readonly recovery: Recovery;
  readonly plan: readonly Act[];
  readonly options: ChaosOptions;
};

/** Plays the plan under load: by the clock or, when it is that of one family, each act until new workflows run through again. */
async function play({ chaos, load, recovery, plan, options }: Play): Promise<Disturbed['probes']> {
  const probes: { readonly deed: string; readonly ms: number }[] = [];
  if (options.only === undefined) {
    const end = performance.now() + options.chaosMs;
    await Promise.all([load.run(() => performance.now() > end), chaos.play(plan)]);
    return probes;
  }
  let isOver = false;
  const inTurn = async () => {
    for (const act of plan) {
      await sleep(betweenActsMs);
      await chaos.one(act);
      const healed = performance.now();
      await load.probe(probesPerAct);
      probes.push({ deed: describeDeed(act), ms: performance.now() - healed });
      // What never is ready again is reported at the end.
      const isReady = until('all is ready again', () => recovery.waiting.length === 0, patience * recoveredWithinMs);
      await isReady.catch(() => undefined);
    }
  };
  await Promise.all([load.run(() => isOver), inTurn().finally(() => (isOver = true))]);
  return probes;
}

/** How many workflows are open, asked of the database itself, which may be away. */
class OpenWorkflows {
  private client: Client | undefined;

  constructor(private readonly url: string) {}

  async count(): Promise<number | undefined> {
    try {
      const client = await this.connected();
      const { rows } = await client.query<{ open: string }>('select count(*) as open from braid.workflow where open');
      return Number(rows[0]?.open);
    } catch {
      this.client = undefined;
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.client?.end().catch(() => undefined);
  }

  private async connected(): Promise<Client> {
    if (this.client !== undefined) return this.client;
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
    client.on('error', () => (this.client = undefined));
    await client.connect();
    this.client = client;
    return client;
  }
}

// What was started ends with this process; its mounts only if it ends in order.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
