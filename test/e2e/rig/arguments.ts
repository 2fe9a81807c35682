/** The arguments of a command line as a shell takes them, where it quotes with single quotes only. */
export function argumentsIn(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain);
}
