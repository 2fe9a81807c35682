/** How bad things are at the moment. Everything is calm when all of it is zero. */
export type Weather = {
  /** How often a message, an answer or an acknowledgement is lost. */
  lost: number;
  /** How often a message of the bus comes twice. */
  doubled: number;
  /** How often anything takes much longer than usual, and so is overtaken. */
  slow: number;
  /** How often a connection to the database dies while it is used. */
  cut: number;
  /** How often, of a hundred thousand, a process dies at each place where it waits or tells something. */
  mortality: number;
};

export function calm(): Weather {
  return { lost: 0, doubled: 0, slow: 0, cut: 0, mortality: 0 };
}
