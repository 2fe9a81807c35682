import { verify, type VerifyOptions, type VerifyReport } from '@braid/history';
import { type Cli } from '../cli';
import { withStore } from './with-store';

/** Verifies the database of this installation. */
export function verifyStore(cli: Cli, options: VerifyOptions): Promise<VerifyReport> {
  return withStore(cli, (store) => verify(store, options));
}
