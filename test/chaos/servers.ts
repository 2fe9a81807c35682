import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NatsServer, type PostgresServer, startNats, startPostgres } from '@braid/embedded';
import { mountSmallDisk, type SmallDisk } from './disk';
import { type Server, type Stream } from './deeds';
import { dropCommits, endBackends, holdTransaction } from './postgres-acts';
import { exhaustSlowConsumer, purgeStream } from './nats-acts';

/** PostgreSQL's log is kept short, so that a small disk holds it. */
const postgresSettings = { max_wal_size: '96MB', min_wal_size: '32MB', checkpoint_timeout: '30s' };
/** What the streams may take together, which a small disk cannot hold: nothing but the disk limits them. */
const maxFileStore = 64 * 1024 ** 3;
const diskMebibytes = { postgres: 700, nats: 300 } as const;
/** What the histories of a busy minute take, with room to spare. */
const perMinute = { postgres: 60, nats: 0 } as const;

/** PostgreSQL and NATS of a run, in directories and on ports of their own. What is done to one of them is done in turn. */
export class Servers {
  private readonly turns = new Map<Server, Promise<void>>();

  private constructor(
    readonly postgres: PostgresServer,
    readonly nats: NatsServer,
    private readonly disks: Readonly<Partial<Record<Server, SmallDisk>>>,
    /** Why disks cannot be filled here, if so. */
    readonly noDisks: string | undefined,
  ) {}

  /** `minutes`: how long the load lasts; `smallDisks`: whether they are to be filled. */
  static async start(home: string, minutes: number, smallDisks: boolean): Promise<Servers> {
    const disks: Partial<Record<Server, SmallDisk>> = {};
    let noDisks: string | undefined;
    for (const server of smallDisks ? (['postgres', 'nats'] as const) : []) {
      const mebibytes = Math.round(diskMebibytes[server] + minutes * perMinute[server]);
      const disk = mountSmallDisk(join(home, `${server}-disk`), mebibytes);
      if (typeof disk === 'string') noDisks = disk;
      else disks[server] = disk;
    }
    // Mounts outlive processes, so also a run that ends early takes them down.
    process.once('exit', () => Object.values(disks).forEach((disk) => disk.unmount()));
    const folder = (server: Server) => join(disks[server]?.path ?? home, server);
    const [postgres, nats] = await Promise.all([
      startPostgres({ dataDir: folder('postgres'), settings: postgresSettings }),
      startNats({ dataDir: folder('nats'), maxFileStore }),
    ]);
    return new Servers(postgres, nats, disks, noDisks);
  }

  urlOf(server: Server): string {
    return server === 'postgres' ? this.postgres.url : this.nats.url;
  }

  crashPostgres(how: 'kill' | 'immediate', downMs: number): Promise<void> {
    return this.inTurn('postgres', async () => {
      if (how === 'kill') await this.postgres.killNow();
      else process.kill(this.postgres.pid(), 'SIGQUIT');
      await sleep(downMs);
      await this.postgres.restart();
    });
  }

  crashNats(downMs: number, wipe: boolean): Promise<void> {
    return this.inTurn('nats', async () => {
      await this.nats.killNow();
      await sleep(downMs);
      await this.nats.restart({ wipe });
    });
  }

  /**
   * Ends each connection to the database with this chance, whatever is under way on it. A server that is down has none: then
   * it happens when it is up again.
   */
  async endBackends(share: number): Promise<void> {
    await this.inTurn('postgres', () => endBackends(this.postgres.adminUrl, share));
  }

  /** Answers how many connections were dropped; `drop` gets the port of each at the server's other end. */
  dropCommits(ms: number, drop: (port: number) => boolean): Promise<number> {
    return this.inTurn('postgres', () => dropCommits(this.postgres.adminUrl, ms, drop));
  }

  /** Not in turn: whatever happens to the server meanwhile also ends the transaction. False when something has. */
  holdTransaction(ms: number, locks: boolean): Promise<boolean> {
    return holdTransaction(this.postgres.adminUrl, ms, locks);
  }

  purgeStream(stream: Stream): Promise<number> {
    return this.inTurn('nats', () => purgeStream(this.nats.url, stream));
  }

  /** Answers whether NATS has cut the consumer off. */
  slowConsumer(ms: number): Promise<boolean> {
    return this.inTurn('nats', () => exhaustSlowConsumer(this.nats.url, ms));
  }

  /** Answers false where the server has no disk of its own. A server that does not get over it is started again. */
  async fillDisk(server: Server, ms: number): Promise<boolean> {
    const disk = this.disks[server];
    if (disk === undefined) return false;
    await this.inTurn(server, async () => {
      await disk.fill();
      await sleep(ms);
      await disk.empty();
      await (server === 'postgres' ? this.postgres : this.nats).restart();
    });
    return true;
  }

  /** Waits for what is being done to the servers. */
  async settled(): Promise<void> {
    await Promise.all(this.turns.values());
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgres.stop(), this.nats.stop()]);
    for (const disk of Object.values(this.disks)) disk.unmount();
  }

  private inTurn<T>(server: Server, act: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(server) ?? Promise.resolve()).then(act);
    this.turns.set(
      server,
      turn.then(
        () => undefined,
        () => undefined,
      ),
    );
    return turn;
  }
}
