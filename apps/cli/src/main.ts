#!/usr/bin/env node
import { createCli } from './cli';
import { run } from './program';
import { processTerminal } from './terminal';

const cli = createCli(processTerminal(), process.env);
void run(cli, process.argv.slice(2)).then(() => {
  process.exitCode = cli.exitCode;
});
