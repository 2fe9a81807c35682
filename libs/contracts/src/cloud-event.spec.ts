import { CloudEvent } from 'cloudevents';
import { type StoredEvent } from '@braid/events';
import { toCloudEvent, withDataReference } from './cloud-event';

const event: StoredEvent = {
  type: 'BranchCompleted',
  data: { branch: 'root', output: { answer: 42 } },
  workflow: '01a20440-6d51-762d-90da-35e4983367d5',
  version: 7,
  at: Date.UTC(2026, 0, 2),
  partition: 3,
  position: 99,
};

describe('a public event', () => {
  it('is a valid CloudEvent that names itself for ever and says where to resume', () => {
    const cloudEvent = new CloudEvent(toCloudEvent(event, 'review-change'));
    expect(cloudEvent.validate()).toBe(true);
    expect(cloudEvent).toMatchObject({
      id: `${event.workflow}:7`,
      type: 'io.braid.workflow.BranchCompleted.v1',
      subject: event.workflow,
      time: '2026-01-02T00:00:00.000Z',
      sequence: '7',
      braidpartition: 3,
      braidposition: 99,
      data: event.data,
    });
  });

  it('stays a valid CloudEvent when it says where its data is in place of having it', () => {
    const reference = new CloudEvent(withDataReference(toCloudEvent(event, 'review-change')));
    expect(reference.validate()).toBe(true);
    expect(reference['dataref']).toBe(`/v1/workflows/${event.workflow}/events?after=6&limit=1`);
    expect(reference.data).toBeUndefined();
  });
});
