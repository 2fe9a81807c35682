import { streams } from '@braid/contracts';
import { connectBus } from '@braid/messaging';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Finding, messageOf } from './finding';

const oldest = [2, 10] as const;

export async function checkNats(url: string | undefined): Promise<readonly Finding[]> {
  const subject = 'NATS';
  if (url === undefined) {
    const advice = 'Set NATS_URL, or start an embedded server with "npm start".';
    return [{ subject, state: 'bad', message: 'there is none', advice }];
  }
  let bus;
  try {
    bus = await connectBus({ url, name: 'braid-doctor', connectWithin: 5_000 });
  } catch (error) {
    const advice = 'Start it, or correct NATS_URL.';
    return [{ subject, state: 'bad', message: `cannot be reached: ${messageOf(error)}`, advice }];
  }
  try {
    const { nc } = bus;
    const version = nc.info?.version ?? 'unknown';
    const found = [checkVersion(version)];
    if (nc.info?.jetstream !== true) {
      const advice = 'Start nats-server with -js.';
      return [...found, { subject: 'JetStream', state: 'bad', message: 'is off', advice }];
    }
    const jsm = await jetstreamManager(nc);
    const missing: string[] = [];
    for (const name of Object.values(streams)) {
      await jsm.streams.info(name).catch(() => missing.push(name));
    }
    return [...found, checkStreams(missing)];
  } catch (error) {
    return [{ subject: 'JetStream', state: 'bad', message: messageOf(error), advice: 'Read the log of nats-server.' }];
  } finally {
    await bus.close();
  }
}

function checkVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const subject = 'NATS';
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
    return { subject, state: 'good', message: `version ${version} answers` };
  }
  const advice = `Use nats-server ${oldest.join('.')} or newer.`;
  return { subject, state: 'bad', message: `version ${version} is too old`, advice };
}

function checkStreams(missing: readonly string[]): Finding {
  const subject = 'JetStream';
  if (missing.length === 0) return { subject, state: 'good', message: 'has all streams' };
  return { subject, state: 'bad', message: `lacks ${missing.join(', ')}`, advice: 'Run "braid migrate".' };
}
