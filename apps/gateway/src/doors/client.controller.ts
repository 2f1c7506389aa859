// What Matrix clients ask besides presence before and while they sync: versions, who they are, filters, and the little that
// lets their sync loop start. Invariant: shapes of the client-server API, contents that claim nothing that Rollcall does not do.
import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { UNSTABLE_BUSY_FEATURE, parseJsonObject, type JsonObject } from '#libs/matrix';
import { NO_DEVICE } from '../authentication/caller.js';
import { Filters } from '../filters.js';
import { Gateway } from '../gateway.js';
import { bodyText, originOf } from '../http/request-reading.js';
import { refuse, taken } from '../http/refused-request.js';
import { WhoAsks, type UserCaller } from '../http/who-asks.js';

const OK = 200;
const VERSIONS = ['r0.5.0', 'r0.6.0', 'r0.6.1', ...Array.from({ length: 11 }, (_, minor) => `v1.${String(minor + 1)}`)];
const EITHER = (path: string): string[] => ['v3', 'r0'].map((version) => `_matrix/client/${version}/${path}`);
const TOKEN_LOGIN = 'm.login.token';

@Controller()
export class ClientController {
  constructor(
    @Inject(Gateway) private readonly gateway: Gateway,
    @Inject(WhoAsks) private readonly whoAsks: WhoAsks,
    @Inject(Filters) private readonly filters: Filters,
  ) {}

  @Get('_matrix/client/versions')
  versions(): object {
    return {
      versions: VERSIONS,
      unstable_features: { [UNSTABLE_BUSY_FEATURE]: this.gateway.options.busyName === 'unstable' },
    };
  }

  @Get(EITHER('account/whoami'))
  async whoami(@Req() request: FastifyRequest): Promise<object> {
    const { userId, deviceId } = await this.whoAsks.user(request);
    return { user_id: userId, is_guest: false, ...(deviceId === NO_DEVICE ? {} : { device_id: deviceId }) };
  }

  @Get(EITHER('login'))
  loginFlows(): object {
    return { flows: [{ type: TOKEN_LOGIN }] };
  }

  /** A token that is accepted anyway may be handed in as a login: some clients begin no other way. */
  @Post(EITHER('login'))
  @HttpCode(OK)
  async login(@Req() request: FastifyRequest): Promise<object> {
    const { type, token } = taken(parseJsonObject(bodyText(request)));
    if (type !== TOKEN_LOGIN) refuse('M_UNKNOWN', 'Only m.login.token is a way to log in here', 400);
    if (typeof token !== 'string') refuse('M_BAD_JSON', '"token" is missing');
    const verdict = await this.gateway.options.authentication.check(token, originOf(request));
    if (verdict.kind !== 'user')
      refuse('M_FORBIDDEN', verdict.kind === 'refused' ? verdict.reason : 'The administrator is no user');
    return { user_id: verdict.userId, access_token: token, device_id: verdict.deviceId };
  }

  @Post(EITHER('user/:userId/filter'))
  @HttpCode(OK)
  async upload(@Req() request: FastifyRequest, @Param('userId') userId: string): Promise<object> {
    await this.#own(request, userId);
    return { filter_id: taken(this.filters.upload(userId, bodyText(request))) };
  }

  @Get(EITHER('user/:userId/filter/:filterId'))
  async filter(
    @Req() request: FastifyRequest,
    @Param('userId') userId: string,
    @Param('filterId') filterId: string,
  ): Promise<JsonObject> {
    await this.#own(request, userId);
    return taken(this.filters.find(userId, filterId)).source;
  }

  @Get(EITHER('capabilities'))
  async capabilities(@Req() request: FastifyRequest): Promise<object> {
    await this.whoAsks.user(request);
    const no = { enabled: false };
    return {
      capabilities: { 'm.change_password': no, 'm.set_displayname': no, 'm.set_avatar_url': no, 'm.3pid_changes': no },
    };
  }

  @Get(EITHER('pushrules'))
  async pushRules(@Req() request: FastifyRequest): Promise<object> {
    await this.whoAsks.user(request);
    return { global: { override: [], content: [], room: [], sender: [], underride: [] } };
  }

  async #own(request: FastifyRequest, userId: string): Promise<UserCaller> {
    const caller = await this.whoAsks.user(request);
    return caller.userId === userId ? caller : refuse('M_FORBIDDEN', "Filters are their owner's");
  }
}
