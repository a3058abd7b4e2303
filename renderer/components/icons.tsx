/** Icons on a 16 × 16 grid, drawn with the text's colour. Decoration: the word beside them is what counts. */
import css from './icons.module.css';

const paths = {
  key: 'M8 8l5.5 5.5M11 11l1.8-1.8M8.7 5.5a3.2 3.2 0 11-6.4 0 3.2 3.2 0 016.4 0z',
  vm: 'M3.5 3h9A1.5 1.5 0 0114 4.5v5a1.5 1.5 0 01-1.5 1.5h-9A1.5 1.5 0 012 9.5v-5A1.5 1.5 0 013.5 3zM6 14h4M8 11v3',
  door: 'M4 14V3l6-1.5V14M10 3h2.5v11M2 14h12M7.6 8v.4',
  doorShut: 'M4 14V2.5h8V14M2 14h12M9.6 8.2v.3',
  activity: 'M2 8h3l2-5 3 10 1.6-5H14',
  cloud: 'M4.5 12a3 3 0 010-6 4 4 0 017.6-.8A3.4 3.4 0 0111.6 12z',
  settings:
    'M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 6.5a2 2 0 100-4 2 2 0 000 4zM6 13.5a2 2 0 100-4 2 2 0 000 4z',
  check: 'M3.5 8.5l3 3 6-7',
  search: 'M11.5 7a4.5 4.5 0 11-9 0 4.5 4.5 0 019 0zM10.3 10.3L14 14',
  refresh: 'M13 8a5 5 0 11-1.5-3.6M13 2v3h-3',
  lock: 'M5 7h6a1.5 1.5 0 011.5 1.5V12a1.5 1.5 0 01-1.5 1.5H5A1.5 1.5 0 013.5 12V8.5A1.5 1.5 0 015 7zM5.5 7V5a2.5 2.5 0 015 0v2',
  unlock:
    'M5 7h6a1.5 1.5 0 011.5 1.5V12a1.5 1.5 0 01-1.5 1.5H5A1.5 1.5 0 013.5 12V8.5A1.5 1.5 0 015 7zM5.5 7V5a2.5 2.5 0 014.8-1',
  warn: 'M8 2.2l6 11H2zM8 6.5v3M8 11.3v.2',
  stop: 'M5.3 2h5.4L14 5.3v5.4L10.7 14H5.3L2 10.7V5.3zM8 5v3.6M8 10.9v.2',
  circle: 'M13 8A5 5 0 113 8a5 5 0 0110 0z',
  unknown: 'M6.2 6.2a1.9 1.9 0 113 1.5c-.7.5-1.2.8-1.2 1.7M8 11.6v.2M14 8A6 6 0 112 8a6 6 0 0112 0z',
  shield: 'M8 1.8l5 2v4c0 3.2-2.1 5.4-5 6.4-2.9-1-5-3.2-5-6.4v-4z',
  group: 'M8 1.8l5 2v4c0 3.2-2.1 5.4-5 6.4-2.9-1-5-3.2-5-6.4v-4zM5.8 7h4.4M5.8 9.4h4.4',
  wall: 'M3 2.5h10a1 1 0 011 1v9a1 1 0 01-1 1H3a1 1 0 01-1-1v-9a1 1 0 011-1zM2 6.2h12M2 9.8h12M8 2.5v3.7M5 6.2v3.6M11 6.2v3.6M8 9.8v3.7',
  none: 'M3 8h10',
  terminal: 'M3 4l4 4-4 4M8.5 12H13',
  screen:
    'M3.5 3h9A1.5 1.5 0 0114 4.5v5a1.5 1.5 0 01-1.5 1.5h-9A1.5 1.5 0 012 9.5v-5A1.5 1.5 0 013.5 3zM6 14h4M6.5 5l3.2 2-3.2 2z',
  person: 'M10.5 5.5a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0zM3.5 13.5c.6-2.6 2.3-4 4.5-4s3.9 1.4 4.5 4',
  copy: 'M6.5 5.5h6a1 1 0 011 1v6a1 1 0 01-1 1h-6a1 1 0 01-1-1v-6a1 1 0 011-1zM3.5 10.5h-.5a.5.5 0 01-.5-.5V3a.5.5 0 01.5-.5h7a.5.5 0 01.5.5v.5',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  clock: 'M14 8A6 6 0 112 8a6 6 0 0112 0zM8 4.8V8l2.2 1.4',
  download: 'M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.5h10',
  down: 'M4 6.2L8 10l4-3.8',
  up: 'M4 9.8L8 6l4 3.8',
  back: 'M9.8 4L6 8l3.8 4',
  pen: 'M3 13l.7-2.9L11 2.8a1.2 1.2 0 011.7 0l.5.5a1.2 1.2 0 010 1.7L5.9 12.3z',
  blocked: 'M14 8A6 6 0 112 8a6 6 0 0112 0zM4 4l8 8',
  keyboard:
    'M2.5 4h11a1 1 0 011 1v6a1 1 0 01-1 1h-11a1 1 0 01-1-1V5a1 1 0 011-1zM4 6.7v.1M6.7 6.7v.1M9.3 6.7v.1M12 6.7v.1M5 9.6h6',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 14 }: { name: IconName; size?: number }) {
  return (
    <svg className={css.icon} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
