// The registration file, and the files of other application services.
import { ghostPatternsIn, readRegistration, registrationText, type Registration } from './registration.js';

const registration: Registration = {
  id: 'rollcall',
  url: 'http://127.0.0.1:8092',
  asToken: 'as"secret: #',
  hsToken: 'hs-secret',
  senderLocalpart: 'rollcall',
  serverName: 'example.org',
};

describe('the registration file', () => {
  it('is read back as it was written, and asks for everything without owning anybody', () => {
    const text = registrationText(registration);
    expect(readRegistration(text)).toEqual(registration);
    expect(text).toContain('receive_ephemeral: true');
    expect(text).not.toContain('exclusive: true');
  });

  it.each([
    ['id: x', 'has no url'],
    ['[1, 2', 'is not YAML'],
    ['just words', 'is no YAML mapping'],
    [registrationText(registration).replace(/^rollcall.server_name.*$/m, ''), 'has no rollcall.server_name'],
  ])('that cannot be used is refused: %j', (text, sentence) => {
    expect(() => readRegistration(text)).toThrow(sentence);
  });

  it('never shows a token in a sentence', () => {
    const broken = registrationText(registration).replace(/^url.*$/m, 'url: ""');
    expect(() => readRegistration(broken)).toThrow(/^(?!.*secret).*$/);
  });

  it.each([['[('], ['(?P<name>x)']])(
    'of another service with the namespace %s is refused or read, never thrown raw',
    (regex) => {
      const text = JSON.stringify({ namespaces: { users: [{ exclusive: true, regex }] } });
      expect(() => ghostPatternsIn(text, 'hs')).toThrow('is no regular expression');
    },
  );
});
