// The decorators of the configuration class: each says what a variable may hold, checks it, and words the fault as one
// sentence. Invariant: a sentence names the variable, what was given (unless it is secret) and what is allowed.

import { registerDecorator, type ValidationArguments } from 'class-validator';

export interface VariableRule {
  readonly allowed: string;
  readonly secret?: boolean;
  readonly accepts: (text: string) => boolean;
}

/** What each variable may hold, by name: for the configuration reference. */
export const ALLOWED = new Map<string, string>();

/** A property that holds a variable's text as it stands in the environment; absent is always allowed here. */
export function Variable(rule: VariableRule): PropertyDecorator {
  return (target, property) => {
    ALLOWED.set(String(property), rule.allowed);
    registerDecorator({
      name: 'variable',
      target: target.constructor,
      propertyName: String(property),
      options: { message: (given) => sentence(rule, given) },
      validator: { validate: (value: string | undefined) => value === undefined || rule.accepts(value) },
    });
  };
}

function sentence(rule: VariableRule, given: ValidationArguments): string {
  const shown = rule.secret === true ? 'set to something that cannot be used' : `"${String(given.value)}"`;
  return `${given.property} is ${shown}; allowed: ${rule.allowed}.`;
}

export function Whole(options: {
  readonly from: number;
  readonly to: number;
  readonly unit?: string;
}): PropertyDecorator {
  const { from, to, unit } = options;
  return Variable({
    allowed: `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${String(from)} to ${String(to)}`,
    accepts: (text) => /^\d{1,16}$/.test(text) && Number(text) >= from && Number(text) <= to,
  });
}

export function OneOf(...words: readonly string[]): PropertyDecorator {
  return Variable({ allowed: words.join(', '), accepts: (text) => words.includes(text) });
}

const YES = ['true', '1', 'yes'];
const NO = ['false', '0', 'no'];

export function YesOrNo(): PropertyDecorator {
  return Variable({ allowed: 'true or false', accepts: (text) => [...YES, ...NO].includes(text.toLowerCase()) });
}

export function isYes(text: string): boolean {
  return YES.includes(text.toLowerCase());
}
