// Reads the deployment files as their tools do, as far as our files go: a Dockerfile's instructions, and the plain subset
// of YAML that we keep to (maps, lists, scalars, one-line JSON). Anything else throws, so that nothing goes unread.

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export function readDockerfile(text: string): Instruction[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const found = /^([A-Z]+) (.+)$/.exec(line);
      if (found === null) throw new Error(`no instruction: ${line}`);
      return { name: found[1] ?? '', text: found[2] ?? '' };
    });
}

export type Yaml = string | readonly Yaml[] | { readonly [name: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

function scalar(text: string): Yaml {
  if (/^[[{"]/.test(text)) return JSON.parse(text) as Yaml;
  if (/^[&*!|>%@`']/.test(text)) throw new Error(`beyond our subset of YAML: ${text}`);
  return text;
}

class Reader {
  #at = 0;

  constructor(private readonly lines: readonly Line[]) {}

  block(indent: number): Yaml {
    return this.#peek()?.text.startsWith('- ') === true ? this.#list(indent) : this.#map(indent);
  }

  #peek(): Line | undefined {
    return this.lines[this.#at];
  }

  #list(indent: number): Yaml[] {
    const items: Yaml[] = [];
    for (let line = this.#peek(); line?.indent === indent && line.text.startsWith('- '); line = this.#peek()) {
      const text = line.text.slice(2);
      if (/^[\w-]+:( |$)/.test(text)) {
        (this.lines as Line[])[this.#at] = { indent: indent + 2, text };
        items.push(this.#map(indent + 2));
      } else {
        this.#at += 1;
        items.push(scalar(text));
      }
    }
    return items;
  }

  #map(indent: number): Yaml {
    const map: Record<string, Yaml> = {};
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      const found = /^([\w.-]+):(?: (.+))?$/.exec(line.text);
      if (found === null) throw new Error(`beyond our subset of YAML: ${line.text}`);
      this.#at += 1;
      const [, name = '', value] = found;
      if (name in map) throw new Error(`twice: ${name}`);
      const next = this.#peek();
      map[name] =
        value !== undefined ? scalar(value) : next !== undefined && next.indent > indent ? this.block(next.indent) : '';
    }
    return map;
  }

  get done(): boolean {
    return this.#at === this.lines.length;
  }
}

export function readYaml(text: string): Yaml {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .map((line) => ({ indent: line.length - line.trimStart().length, text: line.trim() }));
  const reader = new Reader(lines);
  const read = reader.block(0);
  if (!reader.done) throw new Error('beyond our subset of YAML: indentation');
  return read;
}
