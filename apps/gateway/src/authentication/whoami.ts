// Asks the homeserver whose token it is (client-server API, GET /account/whoami). Invariant: only the homeserver's own
// refusal refuses; when it is away, slow or answers nonsense, the token could not be checked, and no client logs out for it.
import { isUserId } from '#libs/matrix';
import { ASK_TIMEOUT_MS, UNKNOWN_TOKEN, askAbout, objectIn, type Knowledge, type SlowMethod } from './asking.js';
import { CannotCheckError, NO_DEVICE } from './caller.js';

const WHOM = 'the homeserver (whoami)';

export class Whoami implements SlowMethod {
  readonly name = 'whoami';
  readonly #url: string;

  constructor(
    baseUrl: string,
    private readonly timeoutMs = ASK_TIMEOUT_MS,
  ) {
    this.#url = `${baseUrl.replace(/\/+$/, '')}/_matrix/client/v3/account/whoami`;
  }

  async ask(token: string): Promise<Knowledge> {
    // A header cannot carry it, so no homeserver gave it out.
    if (!/^[\x21-\x7e]+$/.test(token)) return UNKNOWN_TOKEN;
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const told = await askAbout({ url: this.#url, whom: WHOM, init: { headers }, timeoutMs: this.timeoutMs });
    if (told.status === 401 || told.status === 403) return UNKNOWN_TOKEN;
    const { user_id: userId, device_id: deviceId } = objectIn(told, WHOM);
    if (typeof userId !== 'string' || !isUserId(userId)) throw new CannotCheckError(`${WHOM} told no user id`);
    const device = typeof deviceId === 'string' && deviceId !== '' ? deviceId : NO_DEVICE;
    return { verdict: { kind: 'user', userId, deviceId: device } };
  }
}
