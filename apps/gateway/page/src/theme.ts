// Light or dark: what the system says, until somebody chooses. Invariant: the choice is this browser's and outlives the tab.

const CHOICE = 'rollcall.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export type Theme = 'light' | 'dark';

export function theme(): Theme {
  const choice = localStorage.getItem(CHOICE);
  if (choice === 'light' || choice === 'dark') return choice;
  return dark.matches ? 'dark' : 'light';
}

export function chooseTheme(choice: Theme): void {
  localStorage.setItem(CHOICE, choice);
  apply();
}

export function followTheme(onChange: () => void): void {
  dark.addEventListener('change', () => {
    apply();
    onChange();
  });
  apply();
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme();
}

export function isStill(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** A colour of the style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
