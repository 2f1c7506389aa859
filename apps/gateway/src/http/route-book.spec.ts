// Paths and the methods that they have.
import { RouteBook } from './route-book.js';

describe('the route book', () => {
  const book = new RouteBook();
  book.add('/a/:id/status', ['GET', 'HEAD']);
  book.add('/a/:id/status', 'PUT');
  book.add('/a.b', 'GET');

  it.each([
    ['/a/x/status', ['GET', 'HEAD', 'PUT']],
    ['/a/x/status/', ['GET', 'HEAD', 'PUT']],
    ['/a//status', []],
    ['/a/x/y/status', []],
    ['/axb', []],
    ['/a.b', ['GET']],
  ])('knows that %s has %j', (path, methods) => {
    expect(book.methodsOf(path)).toEqual(methods);
  });
});
