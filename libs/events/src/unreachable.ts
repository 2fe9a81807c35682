/** Ends a `switch` over a closed union: a member that is not handled above does not compile, and throws should it arrive. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
