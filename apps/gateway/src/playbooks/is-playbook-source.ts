import { type JsonObject } from '@braid/events';
import { registerDecorator } from 'class-validator';

/** A playbook as text, as an object, or by name. What it says is checked where playbooks are compiled. */
export function isPlaybookSource(value: unknown): value is string | JsonObject {
  if (typeof value === 'string') return value.trim() !== '';
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function IsPlaybookSource(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'isPlaybookSource',
      target: target.constructor,
      propertyName: String(property),
      options: { message: 'playbook must be name@version, the text of a playbook, or a playbook' },
      validator: { validate: isPlaybookSource },
    });
}
