/** The largest version of a workflow that the event store can hold. */
export const largestVersion = 2_147_483_647;
