// A table for people, without frames or colours, so that it survives a pipe. It stands apart because its library is slow to
// load and only `topics describe` needs it.
import Table from 'cli-table3';

const noFrame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const table = new Table({ head: [...head], chars: noFrame, style });
  for (const row of rows) table.push(row.map(String));
  return `${table.toString().replace(/ +$/gm, '')}\n`;
}
