import { expect, it } from '@jest/globals';
import { natsConfigFile } from './nats-config';

const config = {
  name: 'n',
  port: -1,
  user: 'braid',
  password: 'p',
  dir: '/d',
  maxPayload: 1_048_576,
  syncInterval: 'always',
} as const;

it('listens on the loopback only, asks for a password and stores streams in its directory', () => {
  expect(JSON.parse(natsConfigFile(config))).toMatchObject({
    host: '127.0.0.1',
    authorization: { user: 'braid', password: 'p' },
    jetstream: { store_dir: '/d/data', sync_interval: 'always' },
    max_payload: 1_048_576,
  });
});

it('limits the streams only when asked', () => {
  expect(natsConfigFile(config)).not.toContain('max_file_store');
  expect(JSON.parse(natsConfigFile({ ...config, maxFileStore: 10 }))).toMatchObject({
    jetstream: { max_file_store: 10 },
  });
});
