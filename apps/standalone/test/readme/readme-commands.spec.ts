// Taking a README apart, tried on a small one: every command is found whole, and an output that differs is.
import { missingLines, readmeCommands } from './readme-commands.js';

const README = `# A thing

Text with \`npm start\`.

## Try it

\`\`\`sh
NAME='a  # b'   # a remark

# Two lines of data:
curl -d '{"a":1}
{"a":2}' $URL
# → {"taken":…}
printf 'x\\n' |
  wc -l
# → 1
make it \\
  so
\`\`\`

\`\`\`json
{ "npm": "start" }
\`\`\`

### Deeper

\`\`\`console
$ date +%Y   # the year
2…
\`\`\`
`;

it('finds every command whole, with its section, its line and what is shown of its output', () => {
  expect(readmeCommands(README)).toEqual([
    { section: 'Try it', line: 8, text: "NAME='a  # b'", shown: [] },
    { section: 'Try it', line: 11, text: `curl -d '{"a":1}\n{"a":2}' $URL`, shown: ['{"taken":…}'] },
    { section: 'Try it', line: 14, text: "printf 'x\\n' |\n  wc -l", shown: ['1'] },
    { section: 'Try it', line: 17, text: 'make it \\\n  so', shown: [] },
    { section: 'Deeper', line: 28, text: 'date +%Y', shown: ['2…'] },
  ]);
});

it.each([
  ['a command that never ends', "```sh\necho 'x\n```\n", 'never ends'],
  ['the output of nothing', '```sh\n# → x\n```\n', 'no command'],
  ['the same in a console', '```console\nx\n```\n', 'no command'],
])('refuses %s', (_what, markdown, sentence) => {
  expect(() => readmeCommands(markdown)).toThrow(sentence);
});

it('compares what is shown with what was printed, line by line and in order', () => {
  const printed = 'one\n{"a":12,"b":"x"}\ntwo\n';
  expect(missingLines(['one', '{"a":…,"b":"x"}', 'two'], printed)).toEqual([]);
  expect(missingLines(['{"a":…}'], printed)).toEqual([]);
  expect(missingLines(['two', 'one'], printed)).toEqual(['one']);
  expect(missingLines(['{"a":…,"b":"y"}', 'on'], printed)).toEqual(['{"a":…,"b":"y"}', 'on']);
});
