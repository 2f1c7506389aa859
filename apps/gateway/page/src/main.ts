// The page starts here.
import { html, render } from 'lit';

const place = document.querySelector('main');
if (place !== null) render(html`<h1>Rollcall</h1>`, place);
