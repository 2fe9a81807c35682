/** Major, minor and patch. */
export type Version = readonly [major: number, minor: number, patch: number];

/** Older servers lack what Braid asks of JetStream (consumer limits and metadata). */
export const NATS_MINIMUM: Version = [2, 10, 0];

/** The version in what `nats-server --version` prints, `undefined` when it is none. */
export function parseVersion(output: string): Version | undefined {
  const [, major, minor, patch] = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(output) ?? [];
  return major === undefined || minor === undefined || patch === undefined
    ? undefined
    : [Number(major), Number(minor), Number(patch)];
}

/** Negative when `a` is older than `b`, 0 when they are equal, else positive. */
export const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

export const formatVersion = (version: Version): string => version.join('.');
