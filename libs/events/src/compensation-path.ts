/** No name of a step or branch may hold a colon, so that no other path ends or goes on like this. */
const mark = ':compensate';

/** Path of the branch that undoes a step of another branch: `hotel:compensate`, `trips/a/hotel:compensate`. */
export function compensationPath(branch: string, step: string): string {
  return branch === 'root' ? `${step}${mark}` : `${branch}/${step}${mark}`;
}

/** Whether a branch undoes a step, or is below one that does. */
export function isInCompensation(path: string): boolean {
  return path.includes(mark);
}
