import { releaseServers } from './servers';

// jest calls what the module exports.
export = releaseServers;
