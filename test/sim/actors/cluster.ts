import { type Plan } from '../plan';
import { type Auditor } from '../audit/auditor';
import { type SimDatabase } from '../servers/database';
import { BusClient } from '../servers/bus-client';
import { type SimNats } from '../servers/nats';
import { SimProcess } from '../world/process';
import { type Weather } from '../world/weather';
import { type World } from '../world/world';
import { simLogger } from './logger';

/** What every process of a world is made of. */
export type Surroundings = {
  readonly world: World;
  readonly plan: Plan;
  readonly weather: Weather;
  readonly database: SimDatabase;
  readonly nats: SimNats;
  readonly auditor: Auditor;
  readonly logLevel: string;
};

/** A process that is at work, and how it is asked to stop. */
export type Member = {
  readonly process: SimProcess;
  readonly bus: BusClient;
  stop(): Promise<void>;
};

export type Start = (process: SimProcess, bus: BusClient, logger: ReturnType<typeof simLogger>) => Member['stop'];

/** A place for one process: whenever the one that is there has ended, another one is started after a while. */
export class Seat {
  member: Member | undefined;
  private incarnation = 0;

  constructor(
    private readonly role: string,
    private readonly surroundings: Surroundings,
    private readonly start: Start,
  ) {
    this.fill();
  }

  /** Asks the process to stop in order. */
  stop(): void {
    const { member } = this;
    if (!member) return;
    const { process } = member;
    const { world } = this.surroundings;
    world.log(process.name, 'is asked to stop');
    member.stop().then(
      () => process.die(),
      (error: unknown) => world.violated(`${process.name} could not stop: ${String(error)}`),
    );
  }

  private fill(): void {
    const { world, plan, weather, nats, auditor, logLevel } = this.surroundings;
    // Half of them come back under their old name.
    const name = `${this.role}${world.chance.happens(0.5) ? '' : `-${this.incarnation}`}`;
    this.incarnation++;
    const process = new SimProcess(world, name, {
      skew: Math.round(world.chance.between(-plan.skew, plan.skew)),
      mortality: () => weather.mortality,
    });
    const logger = simLogger(process, logLevel);
    const bus = new BusClient(process, nats, weather, auditor, logger);
    world.log(name, 'starts');
    process.onDeath(() => {
      this.member = undefined;
      world.after(world.chance.skewed(1_500), `${this.role} is started again`, () => this.fill());
    });
    const stop = this.start(process, bus, logger);
    if (process.alive) this.member = { process, bus, stop };
  }
}
