/** How JetStream writes: every message at once, or every so often ("2m", "500ms"). */
export type SyncInterval = 'always' | `${number}${'ms' | 's' | 'm' | 'h'}`;

export type NatsConfig = {
  readonly name: string;
  /** -1 lets the kernel choose. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dir: string;
  /** Bytes. */
  readonly maxPayload: number;
  readonly syncInterval: SyncInterval;
  /** Bytes that all streams may take together; default: three quarters of the free disk. */
  readonly maxFileStore?: number | undefined;
};

/** The server's configuration file; JSON is a subset of its language, with no quoting rules of its own. */
export const natsConfigFile = (config: NatsConfig): string =>
  `${JSON.stringify(
    {
      host: '127.0.0.1',
      port: config.port,
      server_name: config.name,
      max_payload: config.maxPayload,
      authorization: { user: config.user, password: config.password },
      ports_file_dir: `${config.dir}/run`,
      jetstream: {
        store_dir: `${config.dir}/data`,
        sync_interval: config.syncInterval,
        ...(config.maxFileStore === undefined ? {} : { max_file_store: config.maxFileStore }),
      },
    },
    undefined,
    2,
  )}\n`;
