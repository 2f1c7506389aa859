// The page starts here: one app, drawn into one place.
import 'uplot/dist/uPlot.min.css';
import './style/colours.css';
import './style/page.css';
import './style/controls.css';
import './style/people.css';
import './style/parts.css';
import { App } from './app.js';
import { followTheme } from './theme.js';

const place = document.getElementById('page');
if (place === null) throw new Error('the document has no place for the page');
const app = new App(place);
followTheme(() => {
  app.draw();
});
addEventListener('resize', () => {
  app.changed();
});
app.start().catch((error: unknown) => {
  app.failed(error);
});
