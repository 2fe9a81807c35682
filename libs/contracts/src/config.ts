import { cleanEnv, makeValidator, str, type ValidatorSpec } from 'envalid';

/** Durations are written like `300ms`, `5s`, `2m`, `1h`, `7d`; the value is in milliseconds. */
const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) throw new Error(`"${text}" is not a duration; write a number and one of ms, s, m, h, d, for example 30s`);
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

const duration = makeValidator<number>((input) => (typeof input === 'number' ? input : parseDuration(input)));

const whole = (min: number, max: number) =>
  makeValidator<number>((input) => {
    const value = Number(input);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`"${input}" is not a whole number from ${min} to ${max}`);
    }
    return value;
  });

const list = makeValidator<readonly string[]>((input) =>
  Array.isArray(input)
    ? input
    : input
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
);

const port = whole(0, 65_535);
const bytes = whole(1_024, 1_073_741_824);

/** Every setting of every service, in one table: `braid config` prints it and each service validates it at start. */
export const settings = {
  DATABASE_URL: str({ default: '', desc: 'PostgreSQL; empty: an embedded server where a command starts one' }),
  NATS_URL: str({
    default: '',
    desc: 'NATS with JetStream, 2.10 or newer; empty: an embedded server where a command starts one',
  }),
  BRAID_HTTP_HOST: str({ default: '127.0.0.1', desc: 'Address that the gateway listens on' }),
  BRAID_HTTP_PORT: port({ default: 3000, desc: 'Port of the HTTP API' }),
  BRAID_GRPC_PORT: port({ default: 50_051, desc: 'Port of the gRPC API, at BRAID_HTTP_HOST; 0: any free one' }),
  BRAID_HEALTH_HOST: str({ default: '127.0.0.1', desc: 'Address for health and metrics of orchestrators and runners' }),
  BRAID_HEALTH_PORT: port({
    default: 0,
    desc: 'Port for health and metrics of orchestrators and runners; 0: any free one',
  }),
  BRAID_DATA_DIR: str({ default: '.braid', desc: 'Where embedded servers keep their data' }),
  BRAID_INSTANCE: str({ default: '', desc: 'Name of this process among its replicas; empty: made from host and pid' }),
  BRAID_SECRET: str({
    default: '',
    desc: 'Key of the task tokens; the same for all orchestrators, at least 32 characters',
  }),
  BRAID_PARTITIONS: whole(1, 1024)({ default: 32, desc: 'Partitions of the installation; fixed once data exists' }),
  BRAID_EXECUTION_MODE: str({
    choices: ['parallel', 'sequential'] as const,
    default: 'parallel',
    desc: 'sequential: run the branches of every workflow one at a time',
  }),
  BRAID_LEASE_TTL: duration({
    default: 6_000,
    desc: 'How long a partition stays with an orchestrator that has fallen silent',
  }),
  BRAID_REDISPATCH_AFTER: duration({
    default: 15_000,
    desc: 'Silence after which requested work is looked for and sent again',
  }),
  BRAID_RECEIPT_TIMEOUT: duration({
    default: 20_000,
    desc: 'How long the gateway waits for a start or command to be on disk',
  }),
  BRAID_STARTS_AT_ONCE: whole(
    1,
    1_000_000,
  )({ default: 1_000, desc: 'Starts that a gateway has in hand at once; more are refused for now (429)' }),
  BRAID_START_BYTES_AT_ONCE: bytes({
    default: 67_108_864,
    desc: 'Bytes of the starts that a gateway has in hand at once; more are refused for now (429)',
  }),
  BRAID_START_PATIENCE: duration({
    default: 10_000,
    desc: 'Age of an unanswered start from which on a gateway refuses others of its partition for now (503)',
  }),
  BRAID_STREAM_STALL: duration({
    default: 30_000,
    desc: 'How long a client that follows events may read nothing before it is cut off',
  }),
  BRAID_CACHE_WORKFLOWS: whole(
    1,
    10_000_000,
  )({ default: 20_000, desc: 'Workflows that an orchestrator keeps in memory' }),
  BRAID_SLOTS: whole(1, 10_000)({ default: 16, desc: 'Attempts that a runner works on at once, per agent' }),
  BRAID_AGENTS: list({ default: [], desc: 'Agents that a runner serves; empty: all that it has' }),
  BRAID_AGENTS_DIR: str({ default: '', desc: 'Folder of function agents (TypeScript or JavaScript)' }),
  BRAID_COMMAND_ALLOW: list({ default: [], desc: 'Binaries that the command agent may run, by name or absolute path' }),
  BRAID_HTTP_ALLOW: list({
    default: [],
    desc: 'Private hosts, addresses or CIDR ranges that the http agent may reach',
  }),
  BRAID_HEARTBEAT_INTERVAL: duration({ default: 2_000, desc: 'How often a runner says which attempts it works on' }),
  BRAID_DRAIN_TIMEOUT: duration({ default: 20_000, desc: 'How long a stopping process may finish what it has begun' }),
  BRAID_MAX_BODY_BYTES: bytes({ default: 1_048_576, desc: 'Largest body of a request to the gateway' }),
  BRAID_MAX_OUTPUT_BYTES: bytes({ default: 8_388_608, desc: 'Largest output of one attempt' }),
  BRAID_MAX_BRANCHES: whole(1, 1_000_000)({ default: 20_000, desc: 'Most branches that one fork may open' }),
  BRAID_RETENTION: duration({
    default: 0,
    desc: 'Age, counted from its end, at which a finished workflow is removed; 0: never',
  }),
  BRAID_ARCHIVE_DIR: str({
    default: '',
    desc: 'Where the history of a workflow is written before it is removed, one file each; empty: nowhere',
  }),
  BRAID_MAX_DEPTH: whole(1, 100)({ default: 16, desc: 'Most workflows that a child workflow may have above it' }),
  BRAID_CHILD_CHECK: duration({
    default: 60_000,
    desc: 'How soon a workflow and its child make sure of each other; ever more seldom then, up to 16 times that',
  }),
  BRAID_LOG_LEVEL: str({
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const,
    default: 'info',
    desc: 'Least severe log lines to write',
  }),
} satisfies { readonly [name: string]: ValidatorSpec<unknown> };

/** The validated values of {@link settings}. Durations are in milliseconds. */
export type Config = ReturnType<typeof loadConfig>;

export type Setting = {
  readonly name: string;
  readonly value: unknown;
  readonly default: unknown;
  readonly description: string;
};

/** A setting is missing or has a value that cannot be used; the message lists every such setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration from environment variables.
 * @throws ConfigError that names every wrong setting and what it may be.
 */
export function loadConfig(environment: { readonly [name: string]: string | undefined }) {
  const values = cleanEnv(environment, settings, {
    reporter: ({ errors }) => {
      const problems = Object.entries(errors).map(([name, error]) => `${name}: ${error?.message ?? 'is missing'}`);
      if (problems.length > 0) throw new ConfigError(problems.join('\n'));
    },
  });
  // A plain object: frameworks look for members that a guarded one would answer with an error.
  return Object.freeze({ ...values });
}

/** The settings with their current values, for people. Secrets are not shown. */
export function describeConfig(config: Config): readonly Setting[] {
  return Object.entries(settings).map(([name, spec]) => {
    const value = config[name as keyof typeof settings];
    const secret = name === 'BRAID_SECRET' || name.endsWith('_URL');
    return {
      name,
      value: secret && value !== '' ? '(set)' : value,
      default: spec.default,
      description: spec.desc ?? '',
    };
  });
}
