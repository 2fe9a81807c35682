import { ConfigError } from '@braid/contracts';
import { EmbeddedError } from '@braid/embedded';
import { StoreSetupError } from '@braid/event-store';
import { ProvisionError } from '@braid/messaging';
import { BraidError } from '@braid/sdk';
import { CliError } from './cli-error';
import { exitCodes } from './exit-codes';
import { explain } from './explain';
import { plain } from './terminal.fixture';

it.each([
  [new EmbeddedError('embedded.in_use', 'change it'), exitCodes.failed],
  [new StoreSetupError('change it'), exitCodes.failed],
  [new ProvisionError('change it'), exitCodes.failed],
  [new ConfigError('change it'), exitCodes.usage],
  [new CliError('change it'), exitCodes.usage],
  [new BraidError({ code: 'workflow.not-found', status: 404, title: 'change it' }), exitCodes.failed],
  [new BraidError({ code: 'service.unavailable', status: 503, title: 'change it' }), exitCodes.unreachable],
  [new BraidError({ code: 'unreachable', status: 0, title: 'change it' }), exitCodes.unreachable],
])('says what to change, without a stack: %s', (error, exitCode) => {
  const explained = explain(error, plain);

  expect(explained.exitCode).toBe(exitCode);
  expect(explained.text).toContain('change it');
  expect(explained.text).not.toMatch(/^ +at /m);
});

it('lists the problems of a playbook with their places in the file', () => {
  const problems = [{ path: 'steps', line: 2, column: 3, message: 'is empty', severity: 'error' }] as const;
  const error = new BraidError({ code: 'playbook.invalid', status: 422, title: 'It has mistakes', problems });

  expect(explain(error, plain, 'p.yaml').text).toBe('braid: It has mistakes\np.yaml:2:3 steps is empty');
});

it('shows the stack of what nobody expected: that is a bug', () => {
  expect(explain(new TypeError('oops'), plain).text).toMatch(/oops\n +at /);
});
