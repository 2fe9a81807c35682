/** Something that will happen. */
export type Task = {
  readonly at: number;
  /** Decides between two at the same moment: what was planned first happens first. */
  readonly order: number;
  readonly act: () => void;
  /** Undefined when it was called off. */
  what: string | undefined;
  readonly of: Owner | undefined;
};

/** Whoever may die or stand still: what it planned does not happen then. */
export type Owner = { readonly name: string; readonly alive: boolean; readonly standsStillUntil: number };

/** What will happen, the earliest first: a binary heap. */
export class Agenda {
  private readonly heap: Task[] = [];

  add(task: Task): void {
    const { heap } = this;
    let place = heap.push(task) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above] as Task;
      if (isBefore(other, task)) break;
      heap[place] = other;
      place = above;
    }
    heap[place] = task;
  }

  next(): Task | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = place * 2 + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below++;
      }
      if (isBefore(last, child)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}

const isBefore = (a: Task, b: Task) => a.at < b.at || (a.at === b.at && a.order < b.order);
