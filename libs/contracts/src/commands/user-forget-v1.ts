// `user.forget`, version 1: erases the user (semantics.md section 8).
import { Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { User } from '../format/words.js';
import { type CommandRecord } from './command-record.js';

export const UserForgetV1 = Type.Object(
  { type: Type.Literal('user.forget'), v: Type.Literal(1), user_id: User },
  { title: 'user.forget', description: 'Erases the user; the next input opens its next life.' },
);

export const userForgetV1 = storedVersion(UserForgetV1, (stored): CommandRecord => ({
  userId: stored.user_id as UserId,
  input: { type: 'user.forget' },
}));
