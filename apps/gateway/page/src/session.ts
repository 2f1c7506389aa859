// The token of this tab. Invariant: kept in the tab's session storage only, so that closing the tab forgets it, and never put into
// an address, a log or the document.

const TOKEN = 'rollcall.token';
const SIGNED_OUT = 'rollcall.signed-out';

export class Session {
  get token(): string | undefined {
    return sessionStorage.getItem(TOKEN) ?? undefined;
  }

  /** Then the page does not sign in again by itself. */
  get hasSignedOut(): boolean {
    return sessionStorage.getItem(SIGNED_OUT) !== null;
  }

  keep(token: string): void {
    sessionStorage.setItem(TOKEN, token);
    sessionStorage.removeItem(SIGNED_OUT);
  }

  forget(): void {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.setItem(SIGNED_OUT, 'yes');
  }
}
