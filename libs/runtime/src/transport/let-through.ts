// Hands what a batch handler threw to whoever called it, as it was thrown. Nest's own filter would log it and replace it by
// "Internal server error", and the owner of the log could no longer tell a fenced transactor from a bug.

import { Catch, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

@Catch()
export class LetThroughFilter implements ExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}
