import { exitCodes } from './exit-codes';
import { run } from './program';
import { recordingCli } from './terminal.fixture';

async function running(argv: readonly string[], environment = {}) {
  const { cli, printed, noted } = recordingCli(environment);
  await run(cli, argv);
  return { exitCode: cli.exitCode, printed: printed.join('\n'), noted: noted.join('\n') };
}

describe('the command line', () => {
  it('shows every command and ends well when asked for help', async () => {
    const { exitCode, printed } = await running(['--help']);

    expect(exitCode).toBe(exitCodes.done);
    for (const name of [
      'up',
      'run',
      'ps',
      'show',
      'events',
      'graph',
      'cancel',
      'signal',
      'pause',
      'resume',
      'retry',
      'what-if',
      'validate',
      'publish',
      'verify',
    ]) {
      expect(printed).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['show'], "missing required argument 'id'"],
    [['ps', '--status', 'asleep'], 'Allowed choices are running'],
    [['ps', '--limit', 'many'], 'whole number from 1'],
    [['run', 'a.yaml', '--var', 'novalue'], 'write name=value'],
    [['run', 'a.yaml', '--mode', 'sideways'], 'Allowed choices are parallel, sequential'],
    [['signal', 'w1'], "missing required argument 'name'"],
    [['what-if', 'w1', 'votes'], "required option '--strategy <name>' not specified"],
    [['dead-letters', 'retry'], "missing required argument 'id'"],
    [['verify', '--sample', 'some'], 'whole number from 1'],
    [['run', '/does/not/exist.yaml'], 'there is no such file'],
  ])('calls %j a mistake of usage', async (argv, message) => {
    const { exitCode, noted } = await running(argv, { BRAID_DATA_DIR: '/nowhere' });

    expect(exitCode).toBe(exitCodes.usage);
    expect(noted).toContain(message);
  });

  it('says that nobody answers, and what to do, when the gateway is away', async () => {
    // Port 9 (discard) answers nowhere, and a name keeps fetch from refusing the port itself.
    const { exitCode, noted } = await running(['ps'], { BRAID_URL: 'http://127.0.0.1:9', BRAID_DATA_DIR: '/nowhere' });

    expect(exitCode).toBe(exitCodes.unreachable);
    expect(noted).toContain('npm start');
    expect(noted).not.toContain('    at ');
  });

  it('lists settings, and names every one that cannot be used', async () => {
    const good = await running(['config'], { BRAID_SLOTS: '3' });
    const bad = await running(['config'], { BRAID_SLOTS: 'many', BRAID_LEASE_TTL: 'soon' });

    expect(good.printed).toMatch(/BRAID_SLOTS +3 /);
    expect(good.exitCode).toBe(exitCodes.done);
    expect(bad.exitCode).toBe(exitCodes.usage);
    expect(bad.noted).toMatch(/BRAID_LEASE_TTL: .*\nBRAID_SLOTS: /);
  });
});
