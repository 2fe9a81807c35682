import { type Blow } from './plan';
import { type Seat, type Surroundings } from './actors/cluster';
import { calm } from './world/weather';

/** What befalls a world, until it stops. */
export class Fate {
  private over = false;
  private readonly repairs = new Set<() => void>();

  constructor(
    private readonly surroundings: Surroundings,
    private readonly orchestrators: readonly Seat[],
    private readonly runners: readonly Seat[],
  ) {
    this.plan();
  }

  /** From now on nothing bad happens; what is broken is repaired. */
  relent(): void {
    this.over = true;
    const { weather, world } = this.surroundings;
    world.log('fate', 'relents');
    Object.assign(weather, calm());
    for (const repair of [...this.repairs]) repair();
  }

  private plan(): void {
    const { plan, world } = this.surroundings;
    world.after(world.chance.skewed(plan.blowEvery), 'fate', () => {
      if (this.over) return;
      this.strike(world.chance.pick(plan.blows));
      this.plan();
    });
  }

  private strike(blow: Blow): void {
    const { database, plan, world } = this.surroundings;
    const { chance } = world;
    world.log('fate', blow);
    switch (blow) {
      case 'kill-orchestrator':
        return this.one(this.orchestrators)?.member?.process.die();
      case 'kill-runner':
        return this.one(this.runners)?.member?.process.die();
      case 'stop-orchestrator':
        return this.one(this.orchestrators)?.stop();
      case 'stop-runner':
        return this.one(this.runners)?.stop();
      case 'freeze-orchestrator':
        return this.one(this.orchestrators)?.member?.process.standStill(chance.skewed(plan.leaseTtl * 1.5));
      case 'freeze-runner':
        return this.one(this.runners)?.member?.process.standStill(chance.skewed(8_000));
      case 'cut-off':
        return this.one([...this.orchestrators, ...this.runners])?.member?.bus.cut(chance.skewed(4_000));
      case 'nats-restart':
        return this.natsDown(false);
      case 'nats-wipe':
        return this.natsDown(true);
      case 'database-down':
        database.up = false;
        return this.later(3_000, 'the database is up again', () => (database.up = true));
      case 'database-clock':
        database.skew += Math.round(chance.between(0, plan.leaseTtl * 1.5));
        return;
    }
  }

  private natsDown(wiped: boolean): void {
    const { nats } = this.surroundings;
    if (!nats.up) return;
    nats.stop();
    for (const seat of [...this.orchestrators, ...this.runners]) seat.member?.bus.disconnected();
    this.later(1_500, 'NATS is up again', () => {
      if (wiped) nats.wipe();
      nats.start();
    });
  }

  /** Repairs something after a while, or when fate relents. */
  private later(meanMs: number, what: string, act: () => void): void {
    const { world } = this.surroundings;
    const repair = () => {
      if (this.repairs.delete(repair)) act();
    };
    this.repairs.add(repair);
    world.after(world.chance.skewed(meanMs), what, repair);
  }

  private one(seats: readonly Seat[]): Seat | undefined {
    return seats[this.surroundings.world.chance.whole(0, seats.length - 1)];
  }
}
