/** What the preload gives the page in the desktop app; in the browser there is none of it. */
export interface Desktop {
  platform: string;
  askForPort(): void;
  onShow(show: (screen: string) => void): void;
}

/** The desktop's abilities, or undefined in a browser. */
export function desktop(): Desktop | undefined {
  return 'latchkey' in window ? (window.latchkey as Desktop) : undefined;
}
