import { type Colours } from '../terminal';

/** Markdown for a terminal: headings and strong words stand out, everything else stays as it was written. */
export function markdown(text: string, colours: Colours): string {
  return text
    .split('\n')
    .map((line) => {
      const heading = /^(#{1,6})\s+(.*)$/.exec(line);
      if (heading) {
        const title = colours.bold(heading[2] ?? '');
        return heading[1] === '#' ? colours.underline(title) : colours.cyan(title);
      }
      return line.replace(/\*\*([^*]+)\*\*/g, (_, strong: string) => colours.bold(strong));
    })
    .join('\n');
}
