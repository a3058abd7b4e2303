import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isSafeHost,
  isSafeUser,
  namePieces,
  safeFileName,
  showName,
} from '../../../shared/domain/hostile.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom(...'-./\\: \u0000\u001b[\u202E\u200B\n"\'$;|aA1'.split(''), '\ud800'),
    maxLength: 20,
  }),
);

describe('showName', () => {
  test('shows what hides', () => {
    expect(showName('web-1')).toBe('web-1');
    expect(showName('日本 Åsa 👩')).toBe('日本 Åsa 👩');
    expect(showName('\u001b[31mred')).toBe('⟨U+001B⟩[31mred');
    expect(showName('invoice-\u202Efdp.exe')).toBe('invoice-⟨U+202E⟩fdp.exe');
    expect(showName('a\nb\u2028c\u0085')).toBe('a⟨U+000A⟩b⟨U+2028⟩c⟨U+0085⟩');
    expect(showName('\ud800')).toBe('⟨U+D800⟩');
    expect(showName('\u{e0041}')).toBe('⟨U+E0041⟩');
    expect(showName('a\u0000b\u200b')).toBe('a⟨U+0000⟩b⟨U+200B⟩');
    expect(showName('<img onerror=…> Größe')).toBe('<img onerror=…> Größe');
  });

  test('leaves nothing hidden, and changes nothing twice', () => {
    fc.assert(
      fc.property(nasty, text => {
        const shown = showName(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(showName(shown)).toBe(shown);
      }),
    );
  });
});

describe('namePieces', () => {
  test('loses nothing', () => {
    fc.assert(
      fc.property(nasty, text => {
        const back = namePieces(text).map(piece =>
          piece.hidden ? String.fromCodePoint(Number.parseInt(piece.text.slice(2), 16)) : piece.text,
        );
        expect(back.join('')).toBe(text);
      }),
    );
  });
});

describe('safeFileName', () => {
  test.each([
    ['web-1', 'web-1'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['-oProxyCommand=x', 'oProxyCommand=x'],
    ['', '_'],
    ['...', '_'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['a:b|c', 'a_b_c'],
    ['x'.repeat(200), 'x'.repeat(100)],
    ['name. ', 'name'],
  ])('%j → %j', (text, name) => expect(safeFileName(text)).toBe(name));

  test('always a plain name', () => {
    fc.assert(
      fc.property(nasty, text => {
        const name = safeFileName(text);
        expect(name).not.toMatch(/[<>:"/\\|?*\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(name).toMatch(/^[^\s.-]/u);
        expect(name).toMatch(/[^\s.]$/u);
        expect(name.length).toBeLessThanOrEqual(101);
        expect(safeFileName(name)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });
});

describe('arguments', () => {
  test.each([
    'web-1',
    '203.0.113.7',
    '2001:db8::1',
    '::1',
    'web-1.westeurope.cloudapp.azure.com',
    'localhost',
  ])('%s is a host', text => expect(isSafeHost(text)).toBe(true));
  test.each([
    '-oProxyCommand=sh',
    '',
    'a b',
    'a;b',
    '$(x)',
    'a\n',
    '\u202Ea',
    'a/b',
    '%h',
    'x'.repeat(300),
    'a@b',
    '[::1]',
  ])('%j is none', text => expect(isSafeHost(text)).toBe(false));
  test.each(['azureuser', 'CONTOSO\\a.berg', 'a.berg@contoso.com', 'svc$', 'Åsa'])('%s is a user', text =>
    expect(isSafeUser(text)).toBe(true),
  );
  test.each(['-l', '', 'a b', 'a;b', '`x`', 'a\n', '\u202Ea', '%r', '"a"'])('%j is none', text =>
    expect(isSafeUser(text)).toBe(false),
  );

  test('never an option', () => {
    fc.assert(
      fc.property(nasty, text => {
        expect(isSafeHost(`-${text}`) || isSafeUser(`-${text}`)).toBe(false);
      }),
    );
  });
});
