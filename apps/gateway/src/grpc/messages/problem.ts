import { type MessageInitShape } from '@bufbuild/protobuf';
import { braidV1, type PlaybookProblem } from '@braid/contracts';

const severities = {
  error: braidV1.ProblemSeverity.ERROR,
  warning: braidV1.ProblemSeverity.WARNING,
} as const satisfies Record<PlaybookProblem['severity'], braidV1.ProblemSeverity>;

export function problemMessage(problem: PlaybookProblem): MessageInitShape<typeof braidV1.ProblemSchema> {
  return { ...problem, severity: severities[problem.severity] };
}
