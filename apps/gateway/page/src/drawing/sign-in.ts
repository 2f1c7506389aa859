// The little form that asks for a token. Invariant: the token is read when the form is sent and put nowhere but into the session.
import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app.js';

export function signIn(app: App, complaint: string | undefined): TemplateResult {
  const isDevelopment = app.model.developmentToken !== undefined;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('token');
    const token = field instanceof HTMLInputElement ? field.value.trim() : '';
    if (token !== '') app.signIn(token).catch((error: unknown) => app.failed(error));
  };
  return html`<main class="sign-in">
    <form class="panel" @submit=${send}>
      <h2>Sign in</h2>
      <p>Views of everybody need the administrator’s token. A user’s token shows what that user may see.</p>
      <label for="token">Access token</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="off"
        spellcheck="false"
        aria-describedby="token-hint"
        aria-invalid=${complaint !== undefined}
        required
      />
      <p id="token-hint" class="hint">
        ${
          isDevelopment
            ? html`This machine takes development tokens: <code>dev|admin</code>, or
                <code>dev|@alice:localhost|PHONE</code>.`
            : html`It stays in this tab and is forgotten when the tab is closed.`
        }
      </p>
      ${complaint === undefined ? nothing : html`<p class="complaint" role="alert">${complaint}</p>`}
      <button class="strong" type="submit">Sign in</button>
    </form>
  </main>`;
}
