// Planted rot at the seam, and catches that are honest.
import { foundIn } from './planted.js';
import { checkSeam } from './seam.js';

const path = 'apps/fanout/src/x.ts';

describe('the seam of Nest and the log', () => {
  it.each([
    'constructor(@Inject(forwardRef(() => Other)) other) {}',
    'await consumer.run({ eachMessage: take });',
    "@MessagePattern('x') take() {}",
  ])('refuses %s', (text) => {
    expect(foundIn(checkSeam, path, text.startsWith('await') ? text : `class C { ${text} }`)).toEqual(['seam']);
  });

  it.each([
    'try { f(); } catch { return; }',
    'try { f(); } catch (error) { return undefined; }',
    'try { f(); } catch {}',
    'void p.catch(() => {});',
    'void p.catch(() => undefined);',
  ])('refuses %s', (text) => {
    expect(foundIn(checkSeam, path, `function g() { ${text} }`)).toEqual(['swallowed']);
  });

  it.each([
    'try { f(); } catch (error) { log(error); return; }',
    "try { f(); } catch { return { ok: false, reason: 'not JSON' }; }",
    'try { f(); } catch {\n// Closing twice is harmless.\n}',
    'void p.catch((error) => log(error));',
  ])('takes %s', (text) => {
    expect(foundIn(checkSeam, path, `function g() { ${text} }`)).toEqual([]);
  });
});
