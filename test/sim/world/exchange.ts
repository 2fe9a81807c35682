import { type SimProcess } from './process';
import { type World } from './world';
import { type Weather } from './weather';

/** The connection broke: whether the request was carried out is not known. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}

/** Milliseconds that one way takes. */
export function oneWay(world: World, weather: Weather): number {
  const usual = 0.1 + world.chance.skewed(0.4);
  return world.chance.happens(weather.slow) ? usual + world.chance.skewed(400) : usual;
}

/**
 * A request to a server and its answer. The server carries it out at one moment, even when who asked has died meanwhile.
 * @throws Disconnected when the connection breaks on either way, or the server is down.
 */
export function exchange<T>(
  process: SimProcess,
  weather: Weather,
  what: string,
  server: { readonly up: boolean; carryOut(): Promise<T> },
): Promise<T> {
  const { world } = process;
  return new Promise((resolve, reject) => {
    if (!process.survives(`before ${what}`)) return;
    const breaks = (where: string) =>
      process.after(oneWay(world, weather), `${what}: connection lost ${where}`, () =>
        reject(new Disconnected(`the connection was lost ${where}`)),
      );
    const late = () => {
      if (server.up) server.carryOut().catch(() => undefined);
    };
    const arrives = () => {
      if (!server.up || world.chance.happens(weather.cut)) {
        // An old backend may get to it when who asked has long given up.
        if (world.chance.happens(0.3)) world.after(world.chance.skewed(800), `${process.name}: late ${what}`, late);
        return void breaks('before');
      }
      server.carryOut().then(
        (result) => {
          if (world.chance.happens(weather.cut)) return void breaks('after');
          process.after(oneWay(world, weather), `${what} answered`, () => {
            if (process.survives(`after ${what}`)) resolve(result);
          });
        },
        (error: Error) => process.after(oneWay(world, weather), `${what} refused`, () => reject(error)),
      );
    };
    world.after(oneWay(world, weather), `${process.name}: ${what}`, arrives);
  });
}
