import { type Finding } from './finding';

const oldest = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const subject = 'Node';
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1]))
    return { subject, state: 'good', message: version };
  const advice = `Install Node ${oldest.join('.')} or newer.`;
  return { subject, state: 'bad', message: `${version} is too old`, advice };
}
